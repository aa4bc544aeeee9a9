//! Numbers of processes, threads and connections.
