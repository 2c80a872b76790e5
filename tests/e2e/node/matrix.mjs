// The Vercel AI SDK, asked from the matrix.
//
// On standard input: {"url", "image", "asked": [{"client", "case", "question"}]}. On standard output one
// line of JSON for each: {"client", "case", "heard": [...]} or {"client", "case", "error": "..."}.

import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

// Else warnings about settings stand between the lines.
globalThis.AI_SDK_LOG_WARNINGS = false;

const input = [];
for await (const piece of process.stdin) input.push(piece);
const { url, image, asked } = JSON.parse(Buffer.concat(input).toString());

const openai = createOpenAI({ baseURL: `${url}/v1`, apiKey: "sk-a" });
const compatible = createOpenAICompatible({
  name: "gateway",
  baseURL: `${url}/v1`,
  apiKey: "sk-a",
  includeUsage: true,
  supportsStructuredOutputs: true,
});
const anthropic = createAnthropic({ baseURL: `${url}/v1`, apiKey: "sk-a" });

const verdict = z.object({ label: z.string(), score: z.number(), sure: z.boolean() });

// How each makes a model, and how it is told to think. Of names that it doesn't know, OpenAI's believes that they don't.
const clients = {
  chat: [(name) => openai.chat(name), { openai: { reasoningEffort: "low", forceReasoning: true } }],
  responses: [
    (name) => openai.responses(name),
    { openai: { reasoningEffort: "low", reasoningSummary: "auto", forceReasoning: true, store: false } },
  ],
  compatible: [(name) => compatible(name), { gateway: { reasoningEffort: "low" } }],
  messages: [
    (name) => anthropic(name),
    { anthropic: { thinking: { type: "enabled", budgetTokens: 2048 } } },
  ],
};

function tools() {
  const counts = { weather: 0, clock: 0 };
  const made = (name, field) =>
    tool({
      description: `The ${name}.`,
      inputSchema: z.object({ [field]: z.string() }),
      execute: async () => `${name} ${++counts[name]}`,
    });
  return { weather: made("weather", "city"), clock: made("clock", "zone") };
}

function settings(client, question) {
  const [model, thinking] = clients[client];
  const content = [{ type: "text", text: question.text }];
  if (question.image)
    content.push({ type: "image", image: Buffer.from(image, "base64"), mediaType: "image/png" });
  // Else the schema of a model that it doesn't know by name goes as a tool.
  const usual = { openai: { store: false }, anthropic: { structuredOutputMode: "outputFormat" } };
  return {
    model: model(question.model),
    messages: [{ role: "user", content }],
    maxRetries: 0,
    maxOutputTokens: 4096,
    providerOptions: question.thinks ? thinking : usual,
    ...(question.tools ? { tools: tools(), stopWhen: stepCountIs(5) } : {}),
    ...(question.schema ? { output: Output.object({ schema: verdict }) } : {}),
  };
}

const ends = { "tool-calls": "tools" };

function hear(step, pieces, parsed) {
  return {
    text: step.text,
    calls: step.toolCalls.map((call) => [call.toolName, call.input]),
    end: ends[step.finishReason] ?? step.finishReason,
    usage: [step.usage.inputTokens ?? 0, step.usage.outputTokens ?? 0],
    thoughts: step.reasoningText ?? "",
    pieces,
    parsed: parsed ?? null,
  };
}

async function ask(client, question) {
  if (!question.stream) {
    const result = await generateText(settings(client, question));
    return result.steps.map((step) => hear(step, 1, question.schema ? result.output : null));
  }
  const failures = [];
  const result = streamText({
    ...settings(client, question),
    onError: ({ error }) => failures.push(error),
  });
  let pieces = 0;
  for await (const part of result.fullStream) pieces += part.type === "text-delta";
  if (failures.length) throw failures[0];
  const steps = await result.steps;
  const parsed = question.schema ? await result.output : null;
  return steps.map((step) => hear(step, pieces, parsed));
}

for (const one of asked) {
  const name = { client: one.client, case: one.case };
  try {
    console.log(JSON.stringify({ ...name, heard: await ask(one.client, one.question) }));
  } catch (error) {
    const words = `${error.name}: ${error.message} ${error.responseBody ?? ""}`;
    console.log(JSON.stringify({ ...name, error: words.slice(0, 500) }));
  }
}
