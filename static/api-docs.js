// Draws the OpenAPI document of this server. What it holds is set as text, never as markup.

const METHODS = ["get", "post", "put", "patch", "delete"];
const MAX_DEPTH = 4;

/** An element with attributes and children; strings become text nodes. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** What a `$ref` of this document points to, or the value itself. */
function resolve(spec, value) {
  if (!value?.$ref) return value ?? {};
  return value.$ref.slice(2).split("/").reduce((at, part) => at?.[part], spec) ?? {};
}

function typeName(spec, given) {
  const schema = resolve(spec, given);
  const options = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (options) return options.map((option) => typeName(spec, option)).join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(", ");
  const types = [schema.type ?? "any"].flat();
  return types.map((type) => (type === "array" ? `list of ${typeName(spec, schema.items)}` : type)).join(" or ");
}

/** Rows `name, type, description` of a schema's properties, nested ones by their path. */
function fieldRows(spec, given, path = "", depth = 0) {
  const schema = resolve(spec, given);
  const inner = schema.type === "array" ? resolve(spec, schema.items) : schema;
  if (depth >= MAX_DEPTH) return [];
  return Object.entries(inner.properties ?? {}).flatMap(([name, property]) => {
    const at = path ? `${path}.${name}` : name;
    const resolved = resolve(spec, property);
    const list = [resolved.type].flat().includes("array");
    const row = {
      name: list ? `${at}[]` : at,
      type: typeName(spec, property),
      required: (inner.required ?? []).includes(name),
      description: resolved.description ?? "",
      fallback: resolved.default,
    };
    return [row, ...fieldRows(spec, resolved, row.name, depth + 1)];
  });
}

function fieldTable(rows) {
  return element("table", {},
    element("thead", {}, element("tr", {},
      ...["Name", "Type", "Meaning"].map((heading) => element("th", { scope: "col" }, heading)))),
    element("tbody", {}, ...rows.map((row) => element("tr", {},
      element("td", {}, element("code", {}, row.name), element("span", { class: "sub" }, row.required ? "required" : "")),
      element("td", {}, row.type, row.fallback === undefined
        ? null : element("span", { class: "sub" }, `default ${JSON.stringify(row.fallback)}`)),
      element("td", {}, row.description)))));
}

function parameterRow(spec, given) {
  const parameter = resolve(spec, given);
  return {
    name: parameter.name,
    type: `${typeName(spec, parameter.schema)}, in ${parameter.in}`,
    required: parameter.required === true,
    description: parameter.description ?? resolve(spec, parameter.schema).description ?? "",
    fallback: resolve(spec, parameter.schema).default,
  };
}

function bodySection(spec, title, content) {
  const [type, media] = Object.entries(content ?? {})[0] ?? [];
  if (!media?.schema) return [];
  const rows = fieldRows(spec, media.schema);
  return [element("h3", {}, `${title}: ${typeName(spec, media.schema)} (${type})`), rows.length ? fieldTable(rows) : null];
}

function operationDetails(spec, path, method, operation, shared) {
  const parameters = [...shared, ...(operation.parameters ?? [])].map((given) => parameterRow(spec, given));
  const body = resolve(spec, operation.requestBody);
  const responses = Object.entries(operation.responses ?? {});
  return element("details", { id: `${method}-${path}`, "data-text": `${method} ${path} ${operation.summary ?? ""}`.toLowerCase() },
    element("summary", {},
      element("span", { class: "method" }, method.toUpperCase()),
      element("code", {}, path),
      element("span", { class: "summary" }, operation.summary ?? "")),
    element("div", {},
      operation.description ? element("p", {}, operation.description) : null,
      ...(parameters.length ? [element("h3", {}, "Parameters"), fieldTable(parameters)] : []),
      ...bodySection(spec, "Body", body.content),
      ...responses.flatMap(([status, given]) => {
        const response = resolve(spec, given);
        const title = `${status === "default" ? "Otherwise" : status} ${response.description ?? ""}`;
        const section = status === "default" ? [] : bodySection(spec, title, response.content);
        return section.length ? section : [element("h3", {}, title)];
      })));
}

function draw(spec, target) {
  const byTag = new Map((spec.tags ?? []).map((tag) => [tag.name, { description: tag.description ?? "", found: [] }]));
  for (const [path, item] of Object.entries(spec.paths ?? {})) {
    for (const method of METHODS.filter((name) => item[name])) {
      const tag = item[method].tags?.[0] ?? "other";
      if (!byTag.has(tag)) byTag.set(tag, { description: "", found: [] });
      byTag.get(tag).found.push(operationDetails(spec, path, method, item[method], item.parameters ?? []));
    }
  }
  target.replaceChildren(...[...byTag].filter(([, group]) => group.found.length).map(([tag, group]) =>
    element("section", {}, element("h2", {}, tag), group.description ? element("p", {}, group.description) : null,
      ...group.found)));
}

function filterOperations(target, words) {
  for (const section of target.querySelectorAll("section")) {
    const all = [...section.querySelectorAll("details")];
    for (const details of all) details.hidden = !words.every((word) => details.dataset.text.includes(word));
    section.hidden = all.every((details) => details.hidden);
  }
}

async function main() {
  const target = document.getElementById("operations");
  try {
    const response = await fetch("/api/v1/openapi.json");
    if (!response.ok) throw new Error(`The server answered ${response.status}.`);
    const spec = await response.json();
    document.getElementById("version").textContent = spec.info.version;
    document.getElementById("description").textContent = spec.info.description ?? "";
    draw(spec, target);
    const filter = document.getElementById("filter");
    filter.addEventListener("input", () => filterOperations(target, filter.value.toLowerCase().split(/\s+/)));
  } catch (error) {
    target.replaceChildren(element("p", { role: "alert" }, `The description cannot be shown. ${error.message}`));
  } finally {
    target.setAttribute("aria-busy", "false");
  }
}

main();
