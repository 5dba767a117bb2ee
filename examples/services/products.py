"""A Python service that adds a product and queues the job that publishes it, in one transaction.

Needs psycopg 3 (Debian: apt install python3-psycopg; elsewhere: pip install "psycopg[binary]") and setup.sql, then:
  DATABASE_URL=postgres://listing_service:change%20me@127.0.0.1:5432/shop python3 examples/services/products.py
"""

import os

import psycopg
from psycopg.types.json import Jsonb

PRODUCT = {
    "sku": "JKT-PY",
    "title": "Jacket",
    "price": 129.9,
    "currency": "EUR",
    "images": ["jacket-front.png", "jacket-back.png", "jacket-zip.png"],
}


def add_product(connection, product):
    """Adds the product and its job; returns the job's number. The caller's transaction commits both or neither."""
    connection.execute(
        "insert into products (sku, title, price, currency, images) values (%s, %s, %s, %s, %s)",
        (product["sku"], product["title"], product["price"], product["currency"], product["images"]),
    )
    payload = {**product, "folder": "examples/products"}
    added = connection.execute(
        "select id from ratchet.add_job('publish_listing', %s, job_key => %s)",
        (Jsonb(payload), f"listing:{product['sku']}"),
    )
    return added.fetchone()[0]


# autocommit: each `with connection.transaction()` is then a transaction of its own, and nothing is left open between.
with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
    # Something goes wrong after the job was queued: neither the product nor the job is there afterwards.
    try:
        with connection.transaction():
            job_id = add_product(connection, PRODUCT)
            raise RuntimeError("the warehouse has none left")
    except RuntimeError as error:
        left = connection.execute("select count(*) from ratchet.jobs where id = %s", (job_id,)).fetchone()[0]
        print(f"Rolled back, since {error}: {left} jobs.")

    # All is well: both are there at once, and a worker takes the job.
    with connection.transaction():
        job_id = add_product(connection, PRODUCT)
    status = connection.execute("select status from ratchet.jobs where id = %s", (job_id,)).fetchone()[0]
    print(f"Job {job_id} is {status}.")

    # A mistake comes back as any database error does; the code stays the same for ever, the hint says what to do.
    try:
        connection.execute("select ratchet.add_job('publish_listing', '{}')")
    except psycopg.Error as error:
        print(f"{error.sqlstate}: {error.diag.message_primary}")
