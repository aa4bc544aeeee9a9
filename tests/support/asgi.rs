//! Applications that speak ASGI: the part that each of them begins with.

/// Puts the answer to what a server says at its start and at its end in the place of `# lifespan`.
pub(crate) fn asgi(text: &str) -> String {
    text.replacen("    # lifespan\n", START, 1)
}

const START: &str = r#"    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
"#;
