// Types of the API from central/openapi.yaml -> src/api/schema.gen.ts (git-ignored).
import { existsSync, statSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const source = new URL("../../central/openapi.yaml", import.meta.url);
const target = new URL("../src/api/schema.gen.ts", import.meta.url);
if (!existsSync(target) || statSync(target).mtimeMs < statSync(source).mtimeMs) {
	writeFileSync(
		target,
		`// Made by scripts/api.mjs from central/openapi.yaml.\n${astToString(await openapiTS(source))}`,
	);
}
