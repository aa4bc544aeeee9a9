//! What is happening while a run goes on: one line on the terminal, gone when there is something to read.

use farrier::measure::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::super::patience;

/// Steps of the bar.
const STEPS: u64 = 1000;

/// The line. Where standard error is no terminal there is none.
pub(super) struct Display(ProgressBar);

impl Display {
    pub(super) fn new(colour: bool) -> Self {
        let is_shown = patience::is_shown();
        Self::on(if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }, colour)
    }

    fn on(target: ProgressDrawTarget, colour: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(STEPS), target);
        let template =
            if colour { "{bar:24.cyan/dim} {percent:>3} %  {wide_msg}" } else { "{bar:24} {percent:>3} %  {wide_msg}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
        }
        Self(bar)
    }

    /// Tells what is happening now.
    pub(super) fn show(&self, progress: &Progress<'_>) {
        if let Progress::Measured { done, .. } = progress {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a thousand steps")]
            self.0.set_position((done.clamp(0.0, 1.0) * 1000.0) as u64);
        }
        match message(progress) {
            Some(message) => self.0.set_message(message),
            None => self.0.set_message("stopping"),
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// What is happening, in words.
fn message(progress: &Progress<'_>) -> Option<String> {
    Some(match progress {
        Progress::Starting { label } => format!("starting {label}"),
        Progress::Ready { label, after } => format!("{label} answers after {:.1} s", after.as_secs_f64()),
        Progress::Measured { label, window, .. } => format!("{label}: {:.0} requests/s", window.rate),
        Progress::Finalists { count } => format!("comparing the best {count}"),
        Progress::Surveying { label, requests } => format!("asking {label} each of {requests} requests once"),
        Progress::Alone { label } => format!("asking {label} on one connection"),
        Progress::Watching { label } => format!("watching the event loop of {label}"),
        Progress::Stopping => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_phase_has_its_words() {
        let ready = Progress::Ready { label: "current", after: Duration::from_millis(1500) };
        assert_eq!(message(&ready).as_deref(), Some("current answers after 1.5 s"));
        assert_eq!(message(&Progress::Stopping), None);
        let display = Display::on(ProgressDrawTarget::hidden(), true);
        display.show(&ready);
        assert_eq!(display.0.message(), "current answers after 1.5 s");
        assert!(display.0.is_hidden());
    }
}
