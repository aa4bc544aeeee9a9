//! Which settings of Django count, judged on small projects: what the analysis keeps of them.

use std::collections::BTreeMap;

use super::{Asked, Code, Instructions, analyse_as_told};
use crate::python::syntax::parse;
use crate::source::{FileId, Files};

const BASE: &str = "ROOT_URLCONF = 'shop.urls'\nDATABASES = {'default': {'NAME': 'shop', 'CONN_MAX_AGE': 60}}\n";
const STAR: &str = "from .base import *\n";

/// The places of the connections that are kept, and of `DEBUG = True`, with `text` as the production settings.
fn told(base: &str, text: &str, named: Option<&str>, more: &[(&str, &str)]) -> Vec<String> {
    let mut files = Files::new();
    let asgi = "import os\nfrom django.core.asgi import get_asgi_application\n\
                os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings.production')\n\
                application = get_asgi_application()\n";
    let own = [
        ("shop/__init__.py", ""),
        ("shop/asgi.py", asgi),
        ("shop/urls.py", "urlpatterns = []\n"),
        ("shop/settings/__init__.py", ""),
        ("shop/settings/base.py", base),
        ("shop/settings/production.py", text),
    ];
    for (path, text) in own.iter().chain(more) {
        files.add(*path, *text);
    }
    let modules: BTreeMap<FileId, _> = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
    let settings = named.map(str::to_owned);
    let asked = Asked { settings, ..Asked::by_name("shop.asgi:application", "".into()) };
    let found = analyse_as_told(&Code::new(&files, &modules), &asked, &Instructions::default()).unwrap();
    let kept = found.keepsakes.iter().map(|kept| kept.place);
    let all = kept.chain(found.instruments.iter().map(|seen| seen.place));
    all.map(|place| files.describe(place)).collect()
}

fn production(text: &str) -> Vec<String> {
    told(BASE, &format!("{STAR}{text}"), None, &[])
}

const KEPT: [&str; 1] = ["shop/settings/base.py:2"];

#[test]
fn what_nobody_says_again_counts() {
    for text in [
        "",
        "DATABASES['default']['HOST'] = 'db'\n",
        "if DEBUG:\n    DATABASES['default']['CONN_MAX_AGE'] = 0\n",
        "CACHES = {}\n",
        "INSTALLED_APPS.append('x')\n",
    ] {
        assert_eq!(production(text), KEPT, "{text}");
    }
}

#[test]
fn what_is_said_again_counts_no_more() {
    for text in [
        "DATABASES = {'default': {'NAME': 'shop'}}\n",
        "DATABASES['default'] = url()\n",
        "DATABASES['default']['CONN_MAX_AGE'] = 0\n",
        "if not DEBUG:\n    DATABASES['default']['CONN_MAX_AGE'] = 0\n",
        "if os.environ.get('POOLED'):\n    DATABASES['default']['CONN_MAX_AGE'] = 0\n",
    ] {
        assert_eq!(production(text), [""; 0], "{text}");
    }
}

#[test]
fn what_may_be_said_again_counts_no_more() {
    for text in [
        "DATABASES['default'].update(url())\n",
        "for name in DATABASES:\n    DATABASES[name]['CONN_MAX_AGE'] = 0\n",
        "try:\n    from .local import *\nexcept ImportError:\n    pass\n",
        "locals().update(read())\n",
        "import heroku\nheroku.settings(locals())\n",
    ] {
        assert_eq!(production(text), [""; 0], "{text}");
    }
}

#[test]
fn the_later_of_two_counts() {
    let text = "DATABASES['default']['CONN_MAX_AGE'] = 30\n";
    assert_eq!(production(text), ["shop/settings/production.py:2"]);
    let before = told(BASE, &format!("{text}{STAR}"), None, &[]);
    assert_eq!(before, KEPT);
}

#[test]
fn the_environment_names_the_settings() {
    let staging = ("shop/settings/staging.py", "from .base import *\nDATABASES['default']['CONN_MAX_AGE'] = 0\n");
    assert_eq!(told(BASE, STAR, Some("shop.settings.staging"), &[staging]), [""; 0]);
    assert_eq!(told(BASE, STAR, None, &[staging]), KEPT);
    let quiet = format!("{STAR}DATABASES = {{}}\n");
    assert_eq!(told(BASE, &quiet, Some("shop.settings.base"), &[]), KEPT);
    // Nobody knows what those say.
    assert_eq!(told(BASE, STAR, Some("elsewhere.settings"), &[]), [""; 0]);
}

#[test]
fn debug_is_what_it_is_in_the_end() {
    let base = format!("{BASE}DEBUG = True\n");
    let debug = ["shop/settings/base.py:2", "shop/settings/base.py:3"];
    assert_eq!(told(&base, STAR, Some("shop.settings.production"), &[]), debug);
    // What others build on may be built on by somebody who names his own.
    assert_eq!(told(&base, STAR, None, &[]), KEPT);
    assert_eq!(told(&base, &format!("{STAR}DEBUG = False\n"), None, &[]), KEPT);
    assert_eq!(told(&base, &format!("{STAR}DEBUG = env.bool('DEBUG', False)\n"), None, &[]), KEPT);
    assert_eq!(told(&base, &format!("{STAR}if os.environ['X']:\n    DEBUG = False\n"), None, &[]), KEPT);
}

#[test]
fn settings_are_put_together_from_files() {
    let parts = "from split_settings.tools import include, optional\nROOT_URLCONF = 'shop.urls'\n";
    let part = [("shop/settings/parts/db.py", "DATABASES = {'default': {'CONN_MAX_AGE': 60}}\n")];
    let whole = format!("{parts}include('parts/db.py')\nfrom .parts.db import DATABASES\n");
    assert_eq!(told("", &whole, None, &part), ["shop/settings/parts/db.py:1"]);
    let open = format!("{whole}include('base.py', optional('local.py'))\n");
    assert_eq!(told("", &open, None, &part), [""; 0]);
    let taken = format!("from .parts.db import DATABASES\n{parts}");
    assert_eq!(told("", &taken, None, &part), ["shop/settings/parts/db.py:1"]);
}

const CLASSES: &str = "from configurations import Configuration, values\n\n\nclass Base(Configuration):\n    \
                       ROOT_URLCONF = 'shop.urls'\n    DATABASES = {'default': {'CONN_MAX_AGE': 60}}\n\n\n\
                       class Development(Base):\n    DEBUG = True\n    DATABASES = {'default': {'CONN_MAX_AGE': 90}}\n\n\n";

/// The same of settings in classes, of which the environment names one.
fn of_class(text: &str, configuration: Option<&str>) -> (Vec<String>, usize) {
    let mut files = Files::new();
    let wsgi = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n\
                os.environ.setdefault('DJANGO_CONFIGURATION', 'Development')\n\
                from configurations.asgi import get_asgi_application\napplication = get_asgi_application()\n";
    let views = "import time\n\n\nasync def index(request):\n    time.sleep(1)\n";
    for (path, text) in [
        ("shop/__init__.py", ""),
        ("shop/asgi.py", wsgi),
        ("shop/views.py", views),
        ("shop/urls.py", "from django.urls import path\nfrom . import views\nurlpatterns = [path('', views.index)]\n"),
        ("shop/settings.py", text),
    ] {
        files.add(path, text);
    }
    let modules: BTreeMap<FileId, _> = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
    let configuration = configuration.map(str::to_owned);
    let asked = Asked { configuration, ..Asked::by_name("shop.asgi:application", "".into()) };
    let found = analyse_as_told(&Code::new(&files, &modules), &asked, &Instructions::default()).unwrap();
    let kept = found.keepsakes.iter().map(|kept| kept.place);
    let all = kept.chain(found.instruments.iter().map(|seen| seen.place));
    (all.map(|place| files.describe(place)).collect(), found.blocking.len())
}

#[test]
fn classes_of_settings_count_as_the_one_that_is_named_and_what_it_inherits_from() {
    let production = format!("{CLASSES}class Production(Base):\n    DEBUG = False\n");
    assert_eq!(of_class(&production, Some("Production")), (vec!["shop/settings.py:6".to_owned()], 1));
    let none = format!("{CLASSES}class Production(Base):\n    DATABASES = values.DatabaseURLValue()\n");
    assert_eq!(of_class(&none, Some("Production")), (vec![], 1));
    let worked_out =
        format!("{CLASSES}class Production(Base):\n    @property\n    def DATABASES(self):\n        return read()\n");
    assert_eq!(of_class(&worked_out, Some("Production")), (vec![], 1));
    let hooked = format!(
        "{CLASSES}class Production(Base):\n    @classmethod\n    def setup(cls):\n        cls.DATABASES = read()\n"
    );
    assert_eq!(of_class(&hooked, Some("Production")), (vec![], 1));
    let reports = format!(
        "{CLASSES}class Production(Base):\n    @classmethod\n    def post_setup(cls):\n        sentry_sdk.init()\n"
    );
    assert_eq!(of_class(&reports, Some("Production")), (vec!["shop/settings.py:6".to_owned()], 1));
    let debug = format!("{CLASSES}class Production(Base):\n    DEBUG = True\n");
    let both = vec!["shop/settings.py:6".to_owned(), "shop/settings.py:15".to_owned()];
    assert_eq!(of_class(&debug, Some("Production")), (both, 1));
}

#[test]
fn routes_are_found_where_nobody_says_which_class_it_is_and_nothing_else_is_believed() {
    let production = format!("{CLASSES}class Production(Base):\n    DEBUG = True\n");
    assert_eq!(of_class(&production, None), (vec![], 1));
    assert_eq!(of_class(&production, Some("Elsewhere")), (vec![], 1));
}

#[test]
fn names_that_are_put_together_lead_to_the_routes() {
    let handlers = |setting: &str| {
        let mut files = Files::new();
        for (path, text) in [
            ("shop/__init__.py", ""),
            (
                "shop/asgi.py",
                "import os\nfrom channels.routing import get_default_application\n\
                 os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n\
                 application = get_default_application()\n",
            ),
            ("shop/settings.py", &format!("import os\nPROJECT = 'shop'\nROOT_URLCONF = {setting}\n")),
            (
                "shop/urls.py",
                "from django.urls import path\ndef home(request):\n    pass\nurlpatterns = [path('', home)]\n",
            ),
        ] {
            files.add(path, text);
        }
        let modules: BTreeMap<FileId, _> = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
        let asked = Asked::by_name("shop.asgi:application", "".into());
        let found = analyse_as_told(&Code::new(&files, &modules), &asked, &Instructions::default()).unwrap();
        found.handlers.len()
    };
    for known in ["'shop.urls'", "f'{PROJECT}.urls'", "PROJECT + '.urls'", "'%s.urls' % PROJECT"] {
        assert_eq!(handlers(known), 1, "{known}");
    }
    for unknown in
        ["f'{os.environ[\"PROJECT\"]}.urls'", "'%s.%s' % PROJECT", "f'{PROJECT!r}.urls'", "f'{PROJECT}_.urls'"]
    {
        assert_eq!(handlers(unknown), 0, "{unknown}");
    }
}
