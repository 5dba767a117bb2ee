// Adds a job and asks how it is, with nothing but fetch: node fetch.js http://127.0.0.1:5678/graphql [token]
const [url, token] = process.argv.slice(2);

async function ask(query, variables) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) {
    throw new Error(errors.map(({ message, extensions }) => `${message} ${extensions?.hint ?? ""}`).join("\n"));
  }
  return data;
}

const { addJob } = await ask("mutation ($input: AddJobInput!) { addJob(input: $input) { job { id } } }", {
  input: {
    identifier: "publish_listing",
    payload: { sku: "J-1", title: "Jacket", price: 79, currency: "EUR", images: ["a.png", "b.png", "c.png"] },
  },
});
const { job } = await ask("query ($id: BigInt!) { job(id: $id) { id status taskCount } }", { id: addJob.job.id });
console.log(`Job ${job.id} is ${job.status} and has ${job.taskCount} tasks.`);
