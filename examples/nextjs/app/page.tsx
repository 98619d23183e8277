// oxlint-disable import/no-default-export -- Next.js asks for it
export default function Page() {
  return <a href="/api/ask?q=What+is+a+span">Ask</a>;
}
