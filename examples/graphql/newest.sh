#!/bin/sh
# The newest jobs, with curl: sh newest.sh http://127.0.0.1:5678/graphql [token]
set -eu
curl --fail-with-body --silent --show-error "$1" \
  --header "content-type: application/json" \
  ${2:+--header "authorization: Bearer $2"} \
  --data '{"query": "query ($first: Int!) { jobs(first: $first) { nodes { id identifier status progress } } }", "variables": {"first": 3}}'
