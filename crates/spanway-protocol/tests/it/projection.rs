//! One neutral value, as each revision gets it (docs/requirements.md says which field begins where).

use serde_json::{Value, json};
use spanway_protocol::schema::{
    CacheHint, CallToolResult, Content, EmptyResult, Implementation, ListResult, Meta, Progress,
    Project, Projected, ReadResourceResult, ServerCapabilities, ToolDefinition, View, wraps_output,
};
use spanway_protocol::{Answer, Era, ProtocolVersion, Reply, encode, outcome};

use crate::samples::{self, write};

use ProtocolVersion as V;

const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// The revisions in which `holds` holds of the written value.
fn revisions<T: Project>(value: &T, holds: impl Fn(&Value) -> bool) -> Vec<V> {
    let holds = |version: &V| holds(&write(*version, value));
    V::ALL.into_iter().filter(holds).collect()
}

fn since(first: V) -> Vec<V> {
    V::ALL
        .into_iter()
        .filter(|version| *version >= first)
        .collect()
}

fn has(key: &str) -> impl Fn(&Value) -> bool {
    move |value| value.get(key).is_some()
}

fn results(version: V) -> Vec<(&'static str, Value)> {
    let mut all = vec![
        ("empty", write(version, &EmptyResult)),
        ("call", write(version, &CallToolResult::text("done"))),
        ("read", write(version, &samples::read_result())),
        ("prompt", write(version, &samples::prompt_result())),
        ("completion", write(version, &samples::completion())),
        ("tools", write(version, &samples::list(samples::tool()))),
        (
            "resources",
            write(version, &samples::list(samples::resource())),
        ),
        (
            "templates",
            write(version, &samples::list(samples::template())),
        ),
        ("prompts", write(version, &samples::list(samples::prompt()))),
    ];
    if version.era() == Era::Modern {
        all.push(("discover", write(version, &samples::discover())));
    } else {
        all.push(("initialize", write(version, &samples::initialize(version))));
    }
    all
}

#[test]
fn t_2607_25_t_2607_26_every_modern_result_is_complete_and_says_who_answered() {
    for (name, result) in results(V::V2026_07_28) {
        assert_eq!(result["resultType"], "complete", "{name}");
        let info = json!({ "name": "test", "version": "1.2.3" });
        assert_eq!(result["_meta"][SERVER_INFO], info, "{name}");
    }
}

#[test]
fn t_dual_15_nothing_modern_is_in_a_legacy_result() {
    let forged = Meta::default().with(SERVER_INFO, "me");
    for version in V::ALL
        .into_iter()
        .filter(|version| version.era() == Era::Legacy)
    {
        for (name, result) in results(version) {
            for key in ["resultType", "ttlMs", "cacheScope", "supportedVersions"] {
                assert!(result.get(key).is_none(), "{version} {name} has {key}");
            }
            let meta = result.get("_meta");
            assert!(
                meta.is_none_or(|meta| meta.get(SERVER_INFO).is_none()),
                "{version} {name}"
            );
        }
        let result = CallToolResult::text("done").with_meta(forged.clone());
        assert_eq!(write(version, &result).get("_meta"), None);
        assert_eq!(write(version, &EmptyResult), json!({}));
    }
}

#[test]
fn trap_42_the_stamp_stands_beside_the_handlers_meta() {
    let meta = samples::meta().with(SERVER_INFO, "somebody else");
    let result = CallToolResult::text("done").with_meta(meta);
    let expected = json!({
        "example.com/trace": { "id": 7 },
        SERVER_INFO: { "name": "test", "version": "1.2.3" },
    });
    assert_eq!(write(V::V2026_07_28, &result)["_meta"], expected);
    let expected = json!({ "example.com/trace": { "id": 7 } });
    assert_eq!(write(V::V2025_11_25, &result)["_meta"], expected);
}

#[test]
fn t_2607_44_cache_hints_stand_where_they_must_and_nowhere_else() {
    let hinted = [
        "read",
        "tools",
        "resources",
        "templates",
        "prompts",
        "discover",
    ];
    for (name, result) in results(V::V2026_07_28) {
        let expected = hinted.contains(&name);
        assert_eq!(result["ttlMs"].is_u64(), expected, "{name}");
        assert_eq!(result["cacheScope"].is_string(), expected, "{name}");
    }
}

#[test]
fn trap_22_nothing_is_kept_or_shared_unless_somebody_says_so() {
    let result = write(V::V2026_07_28, &ReadResourceResult::new(Vec::new()));
    assert_eq!(
        (&result["ttlMs"], &result["cacheScope"]),
        (&json!(0), &json!("private"))
    );
    let list = ListResult::<ToolDefinition>::new(Vec::new(), None, CacheHint::public(60));
    let result = write(V::V2026_07_28, &list);
    assert_eq!(
        (&result["ttlMs"], &result["cacheScope"]),
        (&json!(60), &json!("public"))
    );
}

#[test]
fn t_2607_35_discovery_has_no_server_info_in_its_body() {
    let result = write(V::V2026_07_28, &samples::discover());
    assert_eq!(result["supportedVersions"], json!(["2026-07-28"]));
    assert_eq!(result.get("serverInfo"), None);
}

#[test]
fn trap_45_content_is_always_there() {
    for version in V::ALL {
        let nothing = write(version, &CallToolResult::new(Vec::new()));
        assert_eq!(nothing["content"], json!([]));
        assert_eq!(nothing.get("isError"), None);
        assert_eq!(
            write(version, &CallToolResult::error("no"))["isError"],
            true
        );
    }
}

#[test]
fn t_2506_03_structured_content_is_repeated_as_text() {
    for value in [json!({ "a": 1 }), json!([1, 2]), json!("x"), json!(null)] {
        let result = CallToolResult::structured(value.clone());
        for version in V::ALL {
            let expected = json!([{ "type": "text", "text": value.to_string() }]);
            assert_eq!(write(version, &result)["content"], expected);
        }
    }
    let own = CallToolResult::text("mine").with_structured_content(json!({ "a": 1 }));
    for version in V::ALL {
        let content = &write(version, &own)["content"];
        assert_eq!(*content, json!([{ "type": "text", "text": "mine" }]));
    }
}

#[test]
fn t_2506_03_structured_content_is_an_object_before_the_modern_revision() {
    let structured = |version: V, result: &CallToolResult| {
        write(version, result).get("structuredContent").cloned()
    };
    let list = CallToolResult::structured(json!([1]));
    let object = CallToolResult::structured(json!({ "a": 1 }));
    let wrapped = object.clone().with_wrap_structured(true);
    for version in [V::V2024_11_05, V::V2025_03_26] {
        assert_eq!(structured(version, &list), None);
        assert_eq!(structured(version, &object), None);
    }
    for version in [V::V2025_06_18, V::V2025_11_25] {
        assert_eq!(structured(version, &list), Some(json!({ "result": [1] })));
        assert_eq!(structured(version, &object), Some(json!({ "a": 1 })));
        assert_eq!(
            structured(version, &wrapped),
            Some(json!({ "result": { "a": 1 } }))
        );
    }
    assert_eq!(structured(V::V2026_07_28, &list), Some(json!([1])));
    assert_eq!(
        structured(V::V2026_07_28, &wrapped),
        Some(json!({ "a": 1 }))
    );
}

#[test]
fn t_2607_41_schemas_are_kept_where_they_are_allowed_and_wrapped_where_not() {
    let schema =
        json!({ "type": "array", "items": { "$ref": "#/$defs/n" }, "$defs": { "n": true } });
    assert!(wraps_output(&schema) && !wraps_output(&json!({ "type": "object" })));
    assert!(wraps_output(&json!(true)) && wraps_output(&json!({ "type": ["object", "null"] })));
    let tool = samples::tool().with_output_schema(schema.clone());
    let output = |version: V| write(version, &tool).get("outputSchema").cloned();
    assert_eq!(output(V::V2024_11_05), None);
    assert_eq!(output(V::V2025_03_26), None);
    assert_eq!(output(V::V2026_07_28), Some(schema));
    for version in [V::V2025_06_18, V::V2025_11_25] {
        let inner = json!({
            "type": "array",
            "items": { "$ref": "#/properties/result/$defs/n" },
            "$defs": { "n": true },
        });
        let expected =
            json!({ "type": "object", "properties": { "result": inner }, "required": ["result"] });
        assert_eq!(output(version), Some(expected));
    }
}

/// What the structured content of a revision is validated against is the schema of that revision.
#[test]
fn t_2506_03_wrapped_content_conforms_to_the_wrapped_schema() {
    let schema = json!({
        "anyOf": [{ "$ref": "#/$defs/tree" }, { "type": "null" }],
        "$defs": { "tree": { "type": "array", "items": { "$ref": "#/$defs/tree" } } },
    });
    let tool = samples::tool().with_output_schema(schema.clone());
    let result = |value: Value| {
        CallToolResult::structured(value).with_wrap_structured(wraps_output(&schema))
    };
    for version in [V::V2025_06_18, V::V2025_11_25, V::V2026_07_28] {
        let written = &write(version, &tool)["outputSchema"];
        let validator = jsonschema::validator_for(written).unwrap();
        let content = |value: Value| write(version, &result(value))["structuredContent"].clone();
        assert!(validator.is_valid(&content(json!([[], [[]]]))), "{version}");
        assert!(
            !validator.is_valid(&content(json!([[], ["x"]]))),
            "{version}"
        );
    }
}

#[test]
fn input_schemas_are_kept_but_for_booleans_that_older_clients_refuse() {
    let input = |version: V| write(version, &samples::tool())["inputSchema"]["properties"].clone();
    let verbatim = json!({ "query": { "type": "string" }, "anything": true });
    let plain = json!({ "query": { "type": "string" }, "anything": {} });
    for version in V::ALL {
        let modern = version.era() == Era::Modern;
        assert_eq!(
            input(version),
            if modern {
                verbatim.clone()
            } else {
                plain.clone()
            }
        );
    }
}

#[test]
fn t_2503_30_tool_annotations_and_progress_messages_begin_in_2025_03_26() {
    let first = since(V::V2025_03_26);
    assert_eq!(revisions(&samples::tool(), has("annotations")), first);
    let progress = Progress::new("t".into(), 1.0, None, Some("half".to_owned()));
    assert_eq!(revisions(&progress, has("message")), first);
    assert_eq!(
        revisions(&samples::capabilities(), has("completions")),
        first
    );
    let audio = Content::audio(b"RIFF", "audio/wav");
    assert_eq!(revisions(&audio, |block| block["type"] == "audio"), first);
    let words = json!({ "type": "text", "text": "[audio, audio/wav]" });
    assert_eq!(write(V::V2024_11_05, &audio), words);
}

#[test]
fn t_2506_04_resource_links_begin_in_2025_06_18() {
    let link = Content::resource_link(samples::resource());
    let is_link = |block: &Value| block["type"] == "resource_link";
    assert_eq!(revisions(&link, is_link), since(V::V2025_06_18));
    for version in [V::V2024_11_05, V::V2025_03_26] {
        assert_eq!(write(version, &link)["text"], "The first book: book://1");
    }
}

#[test]
fn t_2506_06_titles_meta_and_times_begin_in_2025_06_18() {
    let first = since(V::V2025_06_18);
    assert_eq!(revisions(&samples::tool(), has("title")), first);
    assert_eq!(revisions(&samples::prompt(), has("title")), first);
    assert_eq!(
        revisions(&samples::prompt().arguments[0], has("title")),
        first
    );
    assert_eq!(revisions(&samples::resource(), has("title")), first);
    assert_eq!(revisions(&samples::template(), has("title")), first);
    assert_eq!(revisions(&samples::implementation(), has("title")), first);
    assert_eq!(
        revisions(&samples::annotations(), has("lastModified")),
        first
    );
    assert_eq!(revisions(&samples::tool(), has("_meta")), first);
    assert_eq!(revisions(&samples::text_contents(), has("_meta")), first);
    for content in samples::contents() {
        assert_eq!(revisions(&content, has("_meta")), first, "{content:?}");
        let kept = revisions(&content, has("annotations"));
        assert_eq!(kept, V::ALL, "{content:?}");
    }
}

#[test]
fn t_2511_10_icons_and_descriptions_begin_in_2025_11_25() {
    let first = since(V::V2025_11_25);
    assert_eq!(revisions(&samples::tool(), has("icons")), first);
    assert_eq!(revisions(&samples::prompt(), has("icons")), first);
    assert_eq!(revisions(&samples::resource(), has("icons")), first);
    assert_eq!(revisions(&samples::template(), has("icons")), first);
    for key in ["icons", "description", "websiteUrl"] {
        assert_eq!(revisions(&samples::implementation(), has(key)), first);
    }
}

#[test]
fn t_2607_29_extensions_are_told_in_the_modern_revision_only() {
    let first = since(V::V2026_07_28);
    assert_eq!(
        revisions(&samples::capabilities(), has("extensions")),
        first
    );
    for version in V::ALL {
        assert_eq!(write(version, &ServerCapabilities::default()), json!({}));
    }
}

#[test]
fn t_all_51_a_completion_holds_a_hundred_values() {
    for version in V::ALL {
        let completion = &write(version, &samples::completion())["completion"];
        assert_eq!(completion["values"].as_array().map(Vec::len), Some(100));
        assert_eq!(completion["total"], 250);
        assert_eq!(completion["hasMore"], true);
    }
}

#[test]
fn trap_46_whole_progress_is_written_as_an_integer() {
    let text = |progress: f64, total: Option<f64>| {
        let written = write(
            V::V2025_11_25,
            &Progress::new(1.into(), progress, total, None),
        );
        written.to_string()
    };
    assert_eq!(
        text(3.0, Some(10.0)),
        r#"{"progressToken":1,"progress":3,"total":10}"#
    );
    assert_eq!(text(0.5, None), r#"{"progressToken":1,"progress":0.5}"#);
    assert_eq!(
        text(1.0, Some(f64::INFINITY)),
        r#"{"progressToken":1,"progress":1}"#
    );
}

#[test]
fn trap_44_what_json_cannot_say_is_not_written_as_null() {
    let info = Implementation::new("test", "1").to_modern_json().unwrap();
    let view = View {
        version: V::LATEST,
        server_info: &info,
    };
    for odd in [f64::NAN, f64::INFINITY] {
        let progress = Progress::new("t".into(), odd, None, None);
        assert!(serde_json::to_string(&Projected(&progress, view)).is_err());
    }
    let annotations = samples::annotations().with_priority(f64::NAN);
    assert_eq!(write(V::LATEST, &annotations).get("priority"), None);
    let annotations = samples::annotations().with_priority(7.0);
    assert_eq!(write(V::LATEST, &annotations)["priority"], 1.0);
}

#[test]
fn a_short_answer_is_written_just_so() {
    let result = CallToolResult::text("hello");
    let text = |version: V| write(version, &result).to_string();
    assert_eq!(
        text(V::V2025_11_25),
        r#"{"content":[{"type":"text","text":"hello"}]}"#
    );
    let modern = r#"{"content":[{"type":"text","text":"hello"}],"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"test","version":"1.2.3"}}}"#;
    assert_eq!(text(V::V2026_07_28), modern);
}

#[test]
fn responses_are_byte_for_byte_what_a_json_library_writes() {
    let info = Implementation::new("odd \"name\"\u{2028}", "1\n")
        .to_modern_json()
        .unwrap();
    let stamp: Value = serde_json::from_str(info.get()).unwrap();
    let odd = "quoted \" and \\, \u{0}\u{8}\t\n\u{c}\r\u{1f}\u{7f}, æ \u{2028} \u{1d11e}";
    let structured = json!({ odd: [odd, 1, -2.5, null, true, {}, []] });
    let text = structured.to_string();
    let key = format!("example.com/{odd}");
    let meta = json!({ key: structured });
    let result = CallToolResult::structured(structured.clone())
        .with_is_error(true)
        .with_meta(meta.as_object().unwrap().clone().into());
    let mut stamped = meta.clone();
    stamped["io.modelcontextprotocol/serverInfo"] = stamp;
    let legacy = json!({
        "content": [{ "type": "text", "text": text }],
        "structuredContent": structured,
        "isError": true,
        "_meta": meta,
    });
    let mut modern = legacy.clone();
    modern.as_object_mut().unwrap().shift_remove("_meta");
    modern["resultType"] = json!("complete");
    modern["_meta"] = stamped;

    let reply = Reply::Answer(Answer::CallTool(result));
    for (version, result) in [(V::V2025_11_25, legacy), (V::LATEST, modern)] {
        let response = json!({ "jsonrpc": "2.0", "id": odd, "result": result });
        let written = encode(version, &odd.into(), &reply, &info).body;
        assert_eq!(written, response.to_string());
        let kept = outcome(version, &reply, &info).unwrap();
        assert_eq!(kept.as_bytes(), result.to_string().as_bytes());
    }
}
