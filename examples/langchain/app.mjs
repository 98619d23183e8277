import { ChatPromptTemplate } from "@langchain/core/prompts";
import { ChatOpenAI } from "@langchain/openai";

const model = new ChatOpenAI({ model: "gpt-5.2", maxRetries: 3 });
const prompt = ChatPromptTemplate.fromTemplate("Answer in one sentence: {question}");

const answer = await prompt.pipe(model).invoke({ question: "What is a span?" });
console.log(answer.content);

for await (const chunk of await prompt.pipe(model).stream({ question: "And a trace?" })) process.stdout.write(chunk.content);
console.log();
