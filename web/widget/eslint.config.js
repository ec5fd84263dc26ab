import js from "@eslint/js";
import lit from "eslint-plugin-lit";
import tseslint from "typescript-eslint";

export default tseslint.config({ ignores: ["node_modules/"] }, js.configs.recommended, {
  files: ["**/*.ts"],
  extends: [...tseslint.configs.strictTypeChecked, lit.configs["flat/recommended"]],
  languageOptions: { parserOptions: { projectService: true } },
  rules: {
    // Server strings reach the page as text only, never as markup.
    "no-restricted-properties": [
      "error",
      { property: "innerHTML" },
      { property: "outerHTML" },
      { property: "insertAdjacentHTML" },
    ],
    "no-restricted-imports": [
      "error",
      { paths: ["lit/directives/unsafe-html.js", "lit/directives/unsafe-svg.js"] },
    ],
    "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
  },
});
