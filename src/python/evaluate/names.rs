//! Names outside the project that are known without looking: built-ins, the standard library.

/// Built-in names that are followed or at least known to be there.
const BUILTINS: &[&str] = &[
    "abs",
    "all",
    "any",
    "ascii",
    "bin",
    "bool",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "classmethod",
    "compile",
    "complex",
    "copyright",
    "credits",
    "delattr",
    "dict",
    "dir",
    "divmod",
    "enumerate",
    "eval",
    "exec",
    "exit",
    "filter",
    "float",
    "format",
    "frozenset",
    "getattr",
    "globals",
    "hasattr",
    "hash",
    "help",
    "hex",
    "id",
    "input",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "license",
    "list",
    "locals",
    "map",
    "max",
    "memoryview",
    "min",
    "next",
    "object",
    "oct",
    "open",
    "ord",
    "pow",
    "print",
    "property",
    "quit",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "setattr",
    "slice",
    "sorted",
    "staticmethod",
    "str",
    "sum",
    "super",
    "tuple",
    "type",
    "vars",
    "zip",
    "aiter",
    "anext",
    "breakpoint",
    "NotImplemented",
    "Ellipsis",
    "__import__",
    "__debug__",
    "__builtins__",
];

/// Modules that come with Python, by their first part: importing them does not fail.
const STANDARD: &[&str] = &[
    "__future__",
    "abc",
    "argparse",
    "ast",
    "asyncio",
    "atexit",
    "base64",
    "binascii",
    "bisect",
    "builtins",
    "calendar",
    "cmath",
    "codecs",
    "collections",
    "concurrent",
    "configparser",
    "contextlib",
    "contextvars",
    "copy",
    "csv",
    "ctypes",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "dis",
    "email",
    "enum",
    "errno",
    "faulthandler",
    "fileinput",
    "fnmatch",
    "fractions",
    "ftplib",
    "functools",
    "gc",
    "getpass",
    "gettext",
    "glob",
    "gzip",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "http",
    "importlib",
    "inspect",
    "io",
    "ipaddress",
    "itertools",
    "json",
    "keyword",
    "linecache",
    "locale",
    "logging",
    "math",
    "mimetypes",
    "multiprocessing",
    "numbers",
    "operator",
    "os",
    "pathlib",
    "pickle",
    "pkgutil",
    "platform",
    "pprint",
    "pwd",
    "queue",
    "random",
    "re",
    "resource",
    "runpy",
    "sched",
    "secrets",
    "select",
    "selectors",
    "shlex",
    "shutil",
    "signal",
    "site",
    "smtplib",
    "socket",
    "socketserver",
    "sqlite3",
    "ssl",
    "stat",
    "statistics",
    "string",
    "struct",
    "subprocess",
    "sys",
    "sysconfig",
    "syslog",
    "tempfile",
    "textwrap",
    "threading",
    "time",
    "timeit",
    "token",
    "tokenize",
    "traceback",
    "tracemalloc",
    "types",
    "typing",
    "unicodedata",
    "unittest",
    "urllib",
    "uuid",
    "warnings",
    "weakref",
    "xml",
    "zipfile",
    "zlib",
];

/// Whether Python has the name without an import.
pub fn is_builtin(name: &str) -> bool {
    BUILTINS.contains(&name) || super::attempt::is_exception(name)
}

/// Whether a module comes with Python.
pub fn is_standard(full: &str) -> bool {
    STANDARD.contains(&full.split('.').next().unwrap_or(full))
}

/// Whether a name from outside certainly is a module, function or class, and so is true.
pub(super) fn is_object(name: &str) -> bool {
    is_builtin(name)
        || !name.contains('.')
        || is_cpu_count(name)
        || matches!(
            name,
            "os.environ"
                | "os.getenv"
                | "os.environ.get"
                | "os.path"
                | "os.path.join"
                | "decouple.config"
                | "functools.partial"
                | "dotenv.load_dotenv"
                | "pathlib.Path"
                | "platform.system"
                | "importlib.reload"
                | "os.cpu_count"
        )
}

pub(super) fn is_cpu_count(name: &str) -> bool {
    matches!(
        name,
        "os.cpu_count"
            | "os.process_cpu_count"
            | "multiprocessing.cpu_count"
            | "psutil.cpu_count"
            | "joblib.cpu_count"
            | "loky.cpu_count"
            | "joblib.parallel.cpu_count"
            | "joblib.externals.loky.cpu_count"
    )
}

/// Functions that `builtin` follows.
pub(super) fn is_pure(name: &str) -> bool {
    is_builtin(name) || name.starts_with("math.") || matches!(name, "json.loads" | "ast.literal_eval" | "os.fspath")
}

/// Calls of which only the arguments matter, to whoever is given the result.
pub(super) fn is_made(name: &str) -> bool {
    matches!(
        name,
        "pydantic.Field"
            | "pydantic.fields.Field"
            | "pydantic.v1.Field"
            | "dataclasses.field"
            | "functools.partial"
            | "pydantic.AliasChoices"
            | "pydantic.field_validator"
            | "pydantic.validator"
            | "pydantic.v1.validator"
            | "pydantic.model_validator"
            | "decouple.Csv"
            | "decouple.RepositoryEnv"
            | "enum.auto"
    )
}
