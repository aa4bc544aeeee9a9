//! Servers of the Model Context Protocol: `FastMCP`, and the SDK that it came from.
//!
//! An `async` tool runs on the loop. A plain one runs in one of `AnyIO`'s threads from fastmcp 3 and mcp 2 on, and
//! on the loop before; which of them is installed is not known here, so nothing is said about plain ones. Read in
//! the source of fastmcp 2.14, 3.0 and 4.1, and of mcp 1.9, 1.27 and 2.3.

use super::Context::{Loop, Thread};
use super::{Form, Names, Pool, Role, Runs, Told, at};

const SERVERS: Names = &["fastmcp.*.FastMCP", "mcp.server.*.FastMCP", "mcp.server.*.MCPServer"];
/// The servers below those, whose handlers are all coroutine functions.
const LOW_LEVEL: Names = &["mcp.server.*.Server"];

const RUNS: Runs = Runs { plain: Thread(Pool::AnyIo), coroutine: Loop };

/// How it is told what to call.
pub(super) const FORMS: &[Form] = &[
    RUNS.form(
        Told::Decorator { on: SERVERS, names: &["tool", "resource", "prompt", "completion", "custom_route"] },
        Role::Route,
    ),
    RUNS.form(
        Told::Method { on: SERVERS, names: &["tool", "prompt", "add_tool"], argument: at(0, &["fn"]) },
        Role::Route,
    ),
    RUNS.form(
        Told::Decorator {
            on: LOW_LEVEL,
            names: &[
                "call_tool",
                "completion",
                "get_prompt",
                "list_prompts",
                "list_resource_templates",
                "list_resources",
                "list_tools",
                "read_resource",
                "subscribe_resource",
                "unsubscribe_resource",
            ],
        },
        Role::Route,
    ),
];
