import OpenAI from "openai";

export const dynamic = "force-dynamic";

export async function GET(request: Request): Promise<Response> {
  const question = new URL(request.url).searchParams.get("q") ?? "Hello?";
  const answer = await new OpenAI().chat.completions.create({ model: "gpt-5.2", messages: [{ role: "user", content: question }] });
  return Response.json({ answer: answer.choices[0]?.message.content });
}
