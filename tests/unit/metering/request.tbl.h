/* REQUEST(shape, "model", "body", TEXTS(text ...), TEXTS(text of tools and forms ...),
 *         system, messages, names, calls, parallel, tools, with_arguments, properties, lists,
 *         choices, helps, formats)
 * Requests as clients write them, and what of each is prompt. */
REQUEST(openai_chat, "gpt-4o",
	"{\"model\":\"gpt-4o\",\"messages\":["
	"{\"role\":\"system\",\"content\":\"You turn haiku into limericks.\"},"
	"{\"role\":\"system\",\"name\":\"poet\",\"content\":\"Old pond, a frog leaps.\"},"
	"{\"role\":\"system\",\"name\":\"clown\","
	"\"content\":\"There once was a frog on a lily.\"},"
	"{\"role\":\"user\",\"content\":\"Snow on the chimney.\"}]}",
	TEXTS("You turn haiku into limericks.", "poet", "Old pond, a frog leaps.", "clown",
	      "There once was a frog on a lily.", "Snow on the chimney."),
	TEXTS(NULL),
	1, 4, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0)
REQUEST(openai_chat, "gpt-4",
	"{\"model\":\"gpt-4\",\"messages\":["
	"{\"content\":\"Answer from the timetable.\",\"role\":\"system\"},"
	"{\"content\":\"When does the night train leave?\",\"role\":\"user\"}],"
	"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"next_train\","
	"\"description\":\"Looks up a departure\",\"parameters\":{\"type\":\"object\","
	"\"properties\":{\"station\":{\"type\":\"string\","
	"\"description\":\"Where to board, such as Basel SBB\"},\"class\":{\"type\":\"string\","
	"\"description\":\"Of the seat.\",\"enum\":[\"first\",\"second\"]}},"
	"\"required\":[\"station\"]}}}]}",
	TEXTS("Answer from the timetable.", "When does the night train leave?"),
	TEXTS(" next_train", " Looks up a departure", "station", " string",
	      " Where to board, such as Basel SBB", "class", " string", " Of the seat.", "first",
	      "second"),
	1, 2, 0, 0, 0, 1, 1, 2, 1, 2, 2, 0)
REQUEST(openai_chat, "gpt-4o",
	"{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Is the bridge open?\","
	"\"type\":\"text\"}]},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":["
	"{\"function\":{\"arguments\":\"{}\",\"name\":\"bridge_state\"},\"id\":\"call_1\","
	"\"type\":\"function\"}]},{\"content\":\"raised\",\"role\":\"tool\","
	"\"tool_call_id\":\"call_1\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"text\","
	"\"text\":\"It is not.\"}]}],\"model\":\"gpt-4o\",\"stream\":false,"
	"\"tool_choice\":\"auto\",\"tools\":[{\"function\":{\"description\":\"\","
	"\"name\":\"bridge_state\",\"parameters\":{\"additionalProperties\":false,"
	"\"properties\":{},\"type\":\"object\"}},\"type\":\"function\"}]}",
	TEXTS("Is the bridge open?", "bridge_state", "{}", "raised", "It is not."),
	TEXTS(" bridge_state"),
	0, 4, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0)
REQUEST(openai_chat, "gpt-4o",
	"{\"messages\":[{\"content\":\"What grows on the north wall?\",\"role\":\"user\"}],"
	"\"model\":\"gpt-4o\",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{"
	"\"name\":\"plant_or_stone\",\"description\":\"What was found\",\"strict\":true,"
	"\"schema\":{\"type\":\"object\",\"properties\":{\"found\":{\"anyOf\":["
	"{\"additionalProperties\":false,\"properties\":{\"kind\":{\"const\":\"plant\","
	"\"type\":\"string\"},\"latin\":{\"type\":\"string\"}},\"required\":[\"kind\"],"
	"\"type\":\"object\"},{\"properties\":{\"kind\":{\"const\":\"stone\","
	"\"type\":\"string\"}},\"type\":\"object\"}]}},\"required\":[\"found\"],"
	"\"title\":\"Found\"}}},\"tools\":[{\"function\":{\"name\":\"garden_map\","
	"\"parameters\":{\"properties\":{},\"type\":\"object\"}},\"type\":\"function\"}]}",
	TEXTS("What grows on the north wall?"),
	TEXTS(" garden_map", " plant_or_stone", " What was found",
	      "{\"type\":\"object\",\"properties\":{\"found\":{\"anyOf\":["
	      "{\"properties\":{\"kind\":{\"const\":\"plant\",\"type\":\"string\"},"
	      "\"latin\":{\"type\":\"string\"}},\"type\":\"object\"},"
	      "{\"properties\":{\"kind\":{\"const\":\"stone\",\"type\":\"string\"}},"
	      "\"type\":\"object\"}]}}}"),
	0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1)
REQUEST(openai_chat, "gpt-4.1",
	"{\"messages\":[{\"content\":\"Weigh both parcels and post the lighter one.\","
	"\"role\":\"user\"},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":["
	"{\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"weigh\","
	"\"arguments\":\"{\\\"parcel\\\":1}\"}},{\"id\":\"b\",\"type\":\"function\","
	"\"function\":{\"arguments\":\"{\\\"parcel\\\": 2}\",\"name\":\"weigh\"}}]},"
	"{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"410 g\"},{\"role\":\"tool\","
	"\"tool_call_id\":\"b\",\"content\":\"3 kg\"},{\"role\":\"assistant\",\"tool_calls\":["
	"{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"post\","
	"\"arguments\":\"{\\\"parcel\\\":1}\"}}]}],\"model\":\"gpt-4.1\","
	"\"response_format\":{\"type\":\"json_object\"},\"tools\":["
	"{\"type\":\"function\",\"function\":{\"name\":\"weigh\","
	"\"description\":\"Puts a parcel on the scales.\",\"strict\":true,\"parameters\":{"
	"\"type\":\"object\",\"properties\":{\"parcel\":{\"type\":\"integer\"}}}}},"
	"{\"type\":\"function\",\"function\":{\"name\":\"post\",\"description\":\"\","
	"\"parameters\":{\"type\":\"object\",\"properties\":{\"parcel\":{\"type\":\"integer\","
	"\"description\":\"Its number\"}}}}},"
	"{\"type\":\"function\",\"function\":{\"name\":\"close_up\"}}]}",
	TEXTS("Weigh both parcels and post the lighter one.", "weigh", "{\"parcel\":1}", "weigh",
	      "{\"parcel\": 2}", "410 g", "3 kg", "post", "{\"parcel\":1}"),
	TEXTS(" weigh", " Puts a parcel on the scales.", "parcel", " integer", " post", "parcel",
	      " integer", " Its number", " close_up"),
	0, 5, 0, 3, 2, 3, 2, 2, 0, 0, 1, 0)
REQUEST(openai_responses, "gpt-4o",
	"{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\","
	"\"text\":\"How deep is the harbour?\"}]},{\"arguments\":\"{}\",\"call_id\":\"c\","
	"\"name\":\"sounding\",\"type\":\"function_call\"},{\"call_id\":\"c\","
	"\"output\":\"seven fathoms\",\"type\":\"function_call_output\"}],\"model\":\"gpt-4o\","
	"\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"depth\",\"strict\":true,"
	"\"schema\":{\"type\":\"object\",\"properties\":{\"metres\":{\"type\":\"number\"}},"
	"\"required\":[\"metres\"]}}},\"tools\":[{\"description\":null,\"name\":\"sounding\","
	"\"parameters\":{\"additionalProperties\":false,\"properties\":{},\"type\":\"object\"},"
	"\"strict\":false,\"type\":\"function\"}]}",
	TEXTS("How deep is the harbour?", "sounding", "{}", "seven fathoms"),
	TEXTS(" sounding", " depth",
	      "{\"type\":\"object\",\"properties\":{\"metres\":{\"type\":\"number\"}}}"),
	0, 3, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1)
REQUEST(openai_responses, "gpt-5",
	"{\"input\":[{\"content\":\"Draw me a sheep.\",\"role\":\"user\"}],\"model\":\"gpt-5\","
	"\"tools\":[{\"description\":\"Moves the pen.\",\"format\":{\"type\":\"text\"},"
	"\"name\":\"plotter\",\"type\":\"custom\"}]}",
	TEXTS("Draw me a sheep."),
	TEXTS(" plotter", " Moves the pen.", "{\"type\":\"text\"}"),
	0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
REQUEST(anthropic, "claude-sonnet-4-6",
	"{\"model\":\"claude-sonnet-4-6\",\"max_tokens\":900,\"system\":[{\"type\":\"text\","
	"\"text\":\"You keep the lighthouse log.\"}],\"messages\":[{\"role\":\"user\","
	"\"content\":[{\"type\":\"text\",\"text\":\"Was there fog on Tuesday?\"}]},"
	"{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"I look it up.\"},"
	"{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"open_log\",\"input\":"
	"{\"day\":\"tuesday\"}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
	"\"tool_use_id\":\"t\",\"is_error\":false,\"content\":[{\"type\":\"text\","
	"\"text\":\"fog until noon\"}]}]},{\"role\":\"assistant\",\"content\":["
	"{\"type\":\"tool_use\",\"id\":\"u\",\"name\":\"find_tools\",\"input\":"
	"{\"words\":[\"horn\"]}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
	"\"tool_use_id\":\"u\",\"content\":[{\"type\":\"tool_reference\","
	"\"tool_name\":\"blow_horn\"}]}]}],\"tools\":[{\"name\":\"open_log\","
	"\"description\":\"Opens the log of a day\",\"input_schema\":{\"type\":\"object\","
	"\"description\":\"of open_log\",\"properties\":{\"day\":{\"type\":\"string\","
	"\"description\":\"Its English name.\"}},\"required\":[\"day\"]}},{\"name\":\"blow_horn\","
	"\"description\":\"\",\"defer_loading\":true,\"input_schema\":{\"type\":\"object\","
	"\"properties\":{\"times\":{\"type\":\"integer\"}}}}]}",
	TEXTS("You keep the lighthouse log.", "Was there fog on Tuesday?", "I look it up.",
	      "open_log", "{\"day\":\"tuesday\"}", "fog until noon", "find_tools",
	      "{\"words\":[\"horn\"]}"),
	TEXTS(" open_log", " Opens the log of a day", "day", " string", " Its English name.",
	      " blow_horn", "times", " integer"),
	0, 5, 0, 2, 0, 2, 2, 2, 0, 0, 1, 0)
REQUEST(anthropic, "claude-opus-5",
	"{\"model\":\"claude-opus-5\",\"max_tokens\":64,\"system\":\"Be terse.\",\"messages\":["
	"{\"role\":\"user\",\"content\":\"Which way is the wind?\"},{\"role\":\"assistant\","
	"\"content\":[{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"vane\",\"input\":{}}]},"
	"{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"content\":\"west by north\"}]}"
	"],\"tools\":[{\"description\":\"\",\"input_schema\":{\"additionalProperties\":false,"
	"\"properties\":{},\"type\":\"object\"},\"name\":\"vane\"},{\"description\":"
	"\"Ends the watch\",\"input_schema\":{\"properties\":{\"wind\":{\"type\":\"string\"}},"
	"\"required\":[\"wind\"],\"type\":\"object\"},\"name\":\"report\"}]}",
	TEXTS("Be terse.", "Which way is the wind?", "vane", "{}", "west by north"),
	TEXTS(" vane", " report", " Ends the watch", "wind", " string"),
	0, 3, 0, 1, 0, 2, 1, 1, 0, 0, 1, 0)
REQUEST(gemini, "gemini-2.5-flash",
	"{\"contents\":[{\"parts\":[{\"text\":\"How many bees came home?\"}],\"role\":\"user\"},"
	"{\"parts\":[{\"functionCall\":{\"args\":{\"hive\":\"east\"},\"id\":\"x\","
	"\"name\":\"count_bees\"}}],\"role\":\"model\"},{\"parts\":[{\"functionResponse\":{"
	"\"id\":\"x\",\"name\":\"count_bees\",\"response\":{\"bees\":\"about 900\"}}}],"
	"\"role\":\"user\"}],\"tools\":[{\"functionDeclarations\":[{\"name\":\"count_bees\","
	"\"description\":\"Counts at the door.\",\"parameters_json_schema\":{"
	"\"additionalProperties\":false,\"properties\":{\"hive\":{\"type\":\"string\","
	"\"description\":\"By its corner.\"}},\"required\":[\"hive\"],\"type\":\"object\"}}]}]}",
	TEXTS("How many bees came home?", "count_bees", "{\"hive\":\"east\"}", "count_bees",
	      "{\"bees\":\"about 900\"}"),
	TEXTS(" count_bees", " Counts at the door.", "hive", " string", " By its corner."),
	0, 3, 0, 2, 0, 1, 1, 1, 0, 0, 0, 0)
#undef REQUEST
