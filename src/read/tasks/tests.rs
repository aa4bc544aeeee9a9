//! What each reader makes of its format.
