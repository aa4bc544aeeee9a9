//! Files that `logging.config.fileConfig` reads: which loggers they name.
//!
//! Of the dialect of `configparser` only what tells the sections of loggers is read.

/// The names of the loggers, as code asks for them (`qualname`); that of the root is `root`.
pub fn loggers(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut of_logger = false;
    for line in text.lines().map(str::trim_end) {
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            of_logger = section.starts_with("logger_");
            if section == "logger_root" {
                found.push("root".to_owned());
            }
        } else if let Some((key, value)) = line.split_once(['=', ':']).filter(|_| of_logger)
            && key.trim().eq_ignore_ascii_case("qualname")
        {
            found.push(value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loggers_are_told_by_their_sections() {
        let text = "[loggers]\nkeys=root,web\n# qualname = no\n[logger_root]\nlevel=INFO\n[logger_web]\nqualname = gunicorn.error\n\
                    handlers=console\n[handler_console]\nqualname=nothing\n";
        assert_eq!(loggers(text), ["root", "gunicorn.error"]);
    }
}
