import { defineConfig } from "vitest/config";

// One classic script, so that a shop embeds the chat with a single <script async> tag.
export default defineConfig({
  build: {
    lib: {
      entry: "src/main.ts",
      formats: ["iife"],
      name: "Cartwright",
      fileName: () => "widget.js",
    },
    outDir: "../static/widget",
    emptyOutDir: true,
    target: "es2022",
    minify: true,
  },
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  test: { environment: "happy-dom", include: ["test/**/*.test.ts"] },
});
