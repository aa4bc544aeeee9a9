//! "Did you mean": the setting that a name in a config file was meant to be.

use super::{Setting, Table, Version};

impl Table {
    /// The setting that `name` was meant to be, if `version` has no setting of that name.
    ///
    /// In this order: a known wrong name, other capitals, the spelling of a command-line option, and
    /// last a slip of one or two letters. A slip counts only where exactly one setting is nearest and
    /// enough of the name is left: config files hold variables of their own.
    pub fn near_miss(&self, name: &str, version: Version) -> Option<&Setting> {
        let here = |setting: &&Setting| setting.applies_to(version);
        if name.len() > 64 || self.setting(name).is_some_and(|setting| setting.applies_to(version)) {
            return None;
        }
        if let Some(setting) = self.misnomer(name).filter(here) {
            return Some(setting);
        }
        let lower = name.to_ascii_lowercase().replace('-', "_");
        let plain = lower.trim_start_matches('_');
        let spelled = |setting: &&Setting| {
            let mut flags = setting.at(version).flags().iter().filter_map(|flag| flag.strip_prefix("--"));
            // Short ones are words that config files use for themselves: `name`.
            setting.name() == plain || (plain.len() > 4 && flags.any(|flag| flag.replace('-', "_") == plain))
        };
        if let Some(setting) = self.settings().filter(here).find(spelled) {
            return Some(setting);
        }
        // An old or a coming name is right for somebody; it is no slip.
        if self.setting(plain).is_some() {
            return None;
        }
        self.slip(plain, version)
    }

    fn slip(&self, name: &str, version: Version) -> Option<&Setting> {
        let mut nearest: Option<(usize, &Setting)> = None;
        let mut tied = false;
        for setting in self.settings().filter(|setting| setting.applies_to(version)) {
            let allowed = allowed_slips(name.len().min(setting.name().len()));
            if name.len().abs_diff(setting.name().len()) > allowed {
                continue;
            }
            let distance = strsim::osa_distance(name, setting.name());
            if distance > allowed {
                continue;
            }
            match nearest {
                Some((best, _)) if best < distance => {}
                Some((best, _)) if best == distance => tied = true,
                _ => (nearest, tied) = (Some((distance, setting)), false),
            }
        }
        nearest.filter(|_| !tied).map(|(_, setting)| setting)
    }
}

/// `port` is no slip of `proto`, but `wokers` is one of `workers`.
const fn allowed_slips(length: usize) -> usize {
    match length {
        0..=4 => 0,
        5..=7 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use crate::servers::{Server, Setting, table};

    fn meant(name: &str, version: &str) -> Option<&'static str> {
        table(Server::Gunicorn).near_miss(name, version.parse().unwrap()).map(Setting::name)
    }

    #[test]
    fn wrong_names_lead_to_the_right_one() {
        let pairs = [
            ("keep_alive", "keepalive"),
            ("log_level", "loglevel"),
            ("access_log", "accesslog"),
            ("access_logfile", "accesslog"),
            ("log_file", "errorlog"),
            ("preload", "preload_app"),
            ("pid", "pidfile"),
            ("worker", "workers"),
            ("thread", "threads"),
            ("certificate", "certfile"),
            ("max_request", "max_requests"),
            ("Workers", "workers"),
            ("WORKERS", "workers"),
            ("wokers", "workers"),
            ("worker_clas", "worker_class"),
            ("workerclass", "worker_class"),
            ("gracefull_timeout", "graceful_timeout"),
            ("max_reqeusts", "max_requests"),
            ("limit_request_feilds", "limit_request_fields"),
            ("post_frok", "post_fork"),
        ];
        for (wrong, right) in pairs {
            assert_eq!(meant(wrong, "27.0.1"), Some(right), "{wrong}");
        }
    }

    #[test]
    fn variables_of_ones_own_are_left_alone() {
        for name in [
            "workers",
            "port",
            "host",
            "cores",
            "name",
            "app",
            "x",
            "",
            "debug",
            "root",
            "user_id",
            "web_concurrency",
            "max_workers",
            "when",
            "binding",
        ] {
            assert_eq!(meant(name, "27.0.1"), None, "{name}");
        }
        assert_eq!(meant(&"workers".repeat(50), "27.0.1"), None);
    }

    #[test]
    fn only_settings_of_the_version_are_offered() {
        assert_eq!(meant("no_control_socket", "23.0.0"), None);
        assert_eq!(meant("no_control_socket", "27.0.1"), Some("control_socket_disable"));
        // A setting of a later version is not mistaken for another one.
        assert_eq!(meant("http_parser", "23.0.0"), None);
    }
}
