import { createOpenAI } from "@ai-sdk/openai";
import { generateText, streamText } from "ai";

const openai = createOpenAI();

const { text } = await generateText({ model: openai.chat("gpt-5.2"), prompt: "Name three rivers." });
console.log(text);

const { textStream } = streamText({ model: openai("gpt-5.2"), prompt: "And three mountains." });
for await (const part of textStream) process.stdout.write(part);
console.log();
