use std::time::Duration;

use axum::Router;
use axum::routing::get;
use sqlx::postgres::PgPoolOptions;

#[tokio::main(flavor = "multi_thread", worker_threads = 16)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = PgPoolOptions::new().max_connections(80).connect("postgres://db/clock").await?;
    let app = Router::new().route("/", get(index)).with_state(pool);
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8000").await?;
    axum::serve(listener, app).await?;
    Ok(())
}

async fn index() -> &'static str {
    retry();
    "tick"
}

fn retry() {
    std::thread::sleep(Duration::from_millis(100));
}
