//! The frameworks that are known by name.

/// What an application, or a part of one, is written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each variant is the name of a framework")]
pub enum Framework {
    FastApi,
    Starlette,
    Flask,
    Django,
    Quart,
    Litestar,
    Sanic,
    Aiohttp,
    Tornado,
    Falcon,
    Bottle,
    Pyramid,
    BlackSheep,
    SocketIo,
    /// Strawberry, Ariadne, Graphene: they resolve fields wherever the application around them runs.
    GraphQl,
    /// An application object without any framework that is known.
    Raw,
    /// The code does not show it.
    Unknown,
}

impl Framework {
    /// Whether its applications are called by WSGI servers.
    pub const fn is_plain(self) -> bool {
        matches!(self, Self::Flask | Self::Django | Self::Bottle | Self::Pyramid | Self::Falcon)
    }

    /// Whether it serves on a loop and nowhere else.
    pub const fn needs_loop(self) -> bool {
        matches!(
            self,
            Self::FastApi
                | Self::Starlette
                | Self::Quart
                | Self::Litestar
                | Self::Sanic
                | Self::Aiohttp
                | Self::Tornado
                | Self::BlackSheep
        )
    }

    /// The name as its authors write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FastApi => "FastAPI",
            Self::Starlette => "Starlette",
            Self::Flask => "Flask",
            Self::Django => "Django",
            Self::Quart => "Quart",
            Self::Litestar => "Litestar",
            Self::Sanic => "Sanic",
            Self::Aiohttp => "aiohttp",
            Self::Tornado => "Tornado",
            Self::Falcon => "Falcon",
            Self::Bottle => "Bottle",
            Self::Pyramid => "Pyramid",
            Self::BlackSheep => "BlackSheep",
            Self::SocketIo => "Socket.IO",
            Self::GraphQl => "GraphQL",
            Self::Raw => "no framework",
            Self::Unknown => "unknown framework",
        }
    }
}
