/* PROMPT_PLACE(name, "what a value there is")
 * PROMPT_KEY(place, "key", place)
 * How the trees of a request body are read - definitions of tools, calls of tools, forms of
 * an answer - whoever's they are: what a member of an object means by its key. An element
 * of an array means what the array does. A key that is not here means nothing; in JSON it
 * is the same, and in PROPERTIES it is a name. */
#ifndef PROMPT_PLACE
#define PROMPT_PLACE(name, help)
#endif
#ifndef PROMPT_KEY
#define PROMPT_KEY(place, key, becomes)
#endif
PROMPT_PLACE(NOTHING,     "not part of the prompt")
PROMPT_PLACE(CALL,        "a call of a tool, or its result")
PROMPT_PLACE(CALL_NAME,   "whose")
PROMPT_PLACE(TOOL,        "a tool's definition")
PROMPT_PLACE(TOOL_NAME,   "its name")
PROMPT_PLACE(ARGUMENTS,   "the schema of all its arguments")
PROMPT_PLACE(SCHEMA,      "the schema of one")
PROMPT_PLACE(PROPERTIES,  "an object: schemas by name")
PROMPT_PLACE(TYPE,        "the type of an argument")
PROMPT_PLACE(HELP,        "what any of these means")
PROMPT_PLACE(LIST,        "what an argument may be")
PROMPT_PLACE(FORMAT,      "the form that an answer has to have")
PROMPT_PLACE(FORMAT_NAME, "its name")
/* From here on: what the model is shown as JSON text. */
PROMPT_PLACE(JSON,        "just that")
PROMPT_PLACE(ANSWER,      "the schema of an answer")
PROMPT_PLACE(BLOB,        "an object with a file in it")
PROMPT_PLACE(BYTES,       "the file, in base64: not shown")

PROMPT_KEY(JSON, "inlineData", BLOB)
PROMPT_KEY(JSON, "inline_data", BLOB)
PROMPT_KEY(JSON, "bytes", BYTES)
PROMPT_KEY(BLOB, "data", BYTES)

PROMPT_KEY(CALL, "function", CALL)
PROMPT_KEY(CALL, "name", CALL_NAME)
PROMPT_KEY(CALL, "arguments", JSON)
PROMPT_KEY(CALL, "args", JSON)
PROMPT_KEY(CALL, "response", JSON)
PROMPT_KEY(CALL, "parts", JSON)
PROMPT_KEY(CALL, "custom", CALL)
PROMPT_KEY(CALL, "input", JSON)

PROMPT_KEY(TOOL, "function", TOOL)
PROMPT_KEY(TOOL, "custom", TOOL)
PROMPT_KEY(TOOL, "tools", TOOL)
PROMPT_KEY(TOOL, "functionDeclarations", TOOL)
PROMPT_KEY(TOOL, "function_declarations", TOOL)
PROMPT_KEY(TOOL, "toolSpec", TOOL)
PROMPT_KEY(TOOL, "name", TOOL_NAME)
PROMPT_KEY(TOOL, "description", HELP)
PROMPT_KEY(TOOL, "parameters", ARGUMENTS)
PROMPT_KEY(TOOL, "parametersJsonSchema", ARGUMENTS)
PROMPT_KEY(TOOL, "parameters_json_schema", ARGUMENTS)
PROMPT_KEY(TOOL, "input_schema", ARGUMENTS)
PROMPT_KEY(TOOL, "inputSchema", ARGUMENTS)
PROMPT_KEY(TOOL, "format", JSON) /* a custom tool's grammar */

PROMPT_KEY(ARGUMENTS, "json", ARGUMENTS)
PROMPT_KEY(ARGUMENTS, "properties", PROPERTIES)
PROMPT_KEY(ARGUMENTS, "$defs", PROPERTIES)
PROMPT_KEY(ARGUMENTS, "definitions", PROPERTIES)

PROMPT_KEY(SCHEMA, "properties", PROPERTIES)
PROMPT_KEY(SCHEMA, "$defs", PROPERTIES)
PROMPT_KEY(SCHEMA, "definitions", PROPERTIES)
PROMPT_KEY(SCHEMA, "items", SCHEMA)
PROMPT_KEY(SCHEMA, "anyOf", SCHEMA)
PROMPT_KEY(SCHEMA, "any_of", SCHEMA)
PROMPT_KEY(SCHEMA, "oneOf", SCHEMA)
PROMPT_KEY(SCHEMA, "allOf", SCHEMA)
PROMPT_KEY(SCHEMA, "additionalProperties", SCHEMA)
PROMPT_KEY(SCHEMA, "type", TYPE)
PROMPT_KEY(SCHEMA, "description", HELP)
PROMPT_KEY(SCHEMA, "enum", LIST)
PROMPT_KEY(SCHEMA, "const", LIST)

PROMPT_KEY(FORMAT, "json_schema", FORMAT)
PROMPT_KEY(FORMAT, "name", FORMAT_NAME)
PROMPT_KEY(FORMAT, "description", HELP)
PROMPT_KEY(FORMAT, "schema", ANSWER)
PROMPT_KEY(ANSWER, "required", NOTHING)
PROMPT_KEY(ANSWER, "additionalProperties", NOTHING)
PROMPT_KEY(ANSWER, "title", NOTHING)
#undef PROMPT_PLACE
#undef PROMPT_KEY
