import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";

/** The SDKs as their documentation sets them up; only the base URL leads to the stand-in. */
export function createClients(url) {
  return {
    openai: new OpenAI({ apiKey: "stand-in", baseURL: `${url}/v1` }),
    anthropic: new Anthropic({ apiKey: "stand-in", baseURL: url }),
    google: new GoogleGenAI({
      apiKey: "stand-in",
      httpOptions: { baseUrl: url, retryOptions: { attempts: 3, initialDelay: 0.1, maxDelay: 0.4 } },
    }),
  };
}
