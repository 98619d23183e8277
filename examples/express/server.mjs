import express from "express";
import OpenAI from "openai";

const openai = new OpenAI();
const app = express();

/** The span of the request becomes the parent of the call: @opentelemetry/instrumentation-http is among the dependencies. */
app.get("/ask", async (request, response) => {
  try {
    const answer = await openai.responses.create({ model: "gpt-5.2", input: String(request.query.q ?? "Hello?") });
    response.json({ answer: answer.output_text });
  } catch (error) {
    response.status(502).json({ error: error.message });
  }
});

const server = app.listen(Number(process.env.PORT ?? 3000), () =>
  console.log(`listening on http://localhost:${server.address().port}/ask?q=hello`),
);
