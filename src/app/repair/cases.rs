//! Fixes on small handlers: what they make of the text, and where there is none.

use super::super::{Application, analyse};
use crate::findings::{Fix, Safety};
use crate::fix::plan;
use crate::python::syntax::parse;
use crate::source::Files;

const HEAD: &str = "import time\nimport requests\nfrom fastapi import Depends, FastAPI, Request\napp = FastAPI()\n";

fn analysed(text: &str) -> (Files, Application) {
    let mut files = Files::new();
    files.add("main.py", text);
    let modules = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
    let application = analyse(&files, &modules, "main:app", "").unwrap();
    (files, application)
}

/// The text after all fixes, how safe they are, and how many statements are left without one.
fn fixed(text: &str) -> (String, Vec<Safety>, usize) {
    let (project, application) = analysed(text);
    let fixes: Vec<&Fix> = application.blocking.iter().filter_map(|blocking| blocking.repair.as_ref()).collect();
    let left = application.blocking.len() - fixes.len();
    let plan = plan(&project, &fixes);
    assert!(plan.refused.is_empty(), "{:?}", plan.refused);
    let new = plan.rewrites.first().map_or_else(|| text.to_owned(), |rewrite| rewrite.new.clone());
    assert!(parse(&new).unwrap().errors.is_empty(), "{new}");
    let (_, again) = analysed(&new);
    assert_eq!(again.blocking.len(), left, "{new}\n{:#?}", again.blocking);
    (new, fixes.iter().map(|fix| fix.safety).collect(), left)
}

/// Replaces the import that every fix but one needs, so that cases show what else changes.
fn handler(body: &str) -> String {
    format!("import asyncio\n{HEAD}@app.get('/')\nasync def view(request: Request):\n    await request.body()\n{body}")
}

#[test]
fn calls_are_rewritten_where_they_stand() {
    use Safety::{Safe, Unsafe};
    for (before, after, safety) in [
        ("    time.sleep(1)\n", "    await asyncio.sleep(1)\n", Safe),
        ("    time.sleep(\n        1,\n    )\n", "    await asyncio.sleep(\n        1,\n    )\n", Safe),
        ("    x = time.sleep(1) or 2\n", "    x = (await asyncio.sleep(1)) or 2\n", Safe),
        (
            "    from time import sleep\n    sleep(1)\n",
            "    from time import sleep\n    await asyncio.sleep(1)\n",
            Safe,
        ),
        ("    with lock:\n        time.sleep(1)\n", "    with lock:\n        await asyncio.sleep(1)\n", Unsafe),
        ("    requests.get('u')\n", "    await asyncio.to_thread(requests.get, 'u')\n", Unsafe),
        (
            "    return requests.get('u', *a, timeout=3, **k).json()\n",
            "    return (await asyncio.to_thread(requests.get, 'u', *a, timeout=3, **k)).json()\n",
            Unsafe,
        ),
        (
            "    r = requests.Session().get(\n        'u',  # the address\n    )\n",
            "    r = await asyncio.to_thread(\n        requests.Session().get,\n        'u',  # the address\n    )\n",
            Unsafe,
        ),
        (
            "    x = [requests.get(u) for u in 'ab']\n",
            "    x = [await asyncio.to_thread(requests.get, u) for u in 'ab']\n",
            Unsafe,
        ),
        (
            "    a = requests.get('a')\n    b = requests.post('b')\n",
            "    a = await asyncio.to_thread(requests.get, 'a')\n    b = await asyncio.to_thread(requests.post, 'b')\n",
            Unsafe,
        ),
    ] {
        let (new, safeties, left) = fixed(&handler(before));
        assert_eq!((new, left), (handler(after), 0), "{before}");
        assert_eq!(safeties, [safety], "{before}");
    }
}

#[test]
fn what_would_break_is_left_alone() {
    for body in [
        // `await` is not allowed there.
        "    for f in [lambda: time.sleep(1)]:\n        f()\n    g = lambda: requests.get('u')\n    list(map(requests.get, 'a'))\n",
        "    x = list(requests.get(u) for u in 'ab')\n",
        // Connections and locks belong to a thread.
        "    import sqlite3\n    c = sqlite3.connect('x')\n    c.execute('x')\n",
        "    import threading\n    lock = threading.Lock()\n    lock.acquire()\n",
        // What comes back is used as it is.
        "    import subprocess\n    with subprocess.Popen('x') as p:\n        pass\n",
        // The name means something else here.
        "    asyncio = request.app\n    time.sleep(1)\n",
        // Not the time that the name says.
        "    time.sleep(*request.args)\n",
    ] {
        let before = handler(body);
        let (files, application) = analysed(&before);
        let sleeps = application.blocking.iter().filter_map(|blocking| blocking.repair.as_ref());
        let plan = plan(&files, &sleeps.collect::<Vec<_>>());
        for rewrite in &plan.rewrites {
            assert!(parse(&rewrite.new).unwrap().errors.is_empty());
            assert!(
                !rewrite.new.contains("await asyncio.sleep") && !rewrite.new.contains("sqlite3.connect, "),
                "{}",
                rewrite.new
            );
            assert!(!body.contains("list(requests"), "{}", rewrite.new);
        }
    }
}

#[test]
fn a_handler_becomes_plain_only_if_nobody_else_uses_it() {
    let plain = |more: &str| {
        let text = format!("{HEAD}{more}@app.get('/')\nasync def view():\n    return requests.get('u')\n");
        let (new, ..) = fixed(&text);
        new.contains("\ndef view()")
    };
    assert!(plain(""));
    assert!(!plain("async def other():\n    await view()\n"));
    assert!(!plain("handlers = {'x': lambda: view}\n"));
    let dependency = |more: &str| {
        let text = format!(
            "{HEAD}async def user():\n    return requests.get('u')\n{more}\
             @app.get('/')\nasync def view(who=Depends(user)):\n    return who\n"
        );
        fixed(&text).0.contains("\ndef user()")
    };
    assert!(dependency(""));
    assert!(!dependency("async def again():\n    return await user()\n"));
}

/// A project of Django with one model and these views, analysed for its `asgi.py`.
fn of_django(views: &str) -> (Files, Application) {
    let mut files = Files::new();
    for (path, text) in [
        ("shop/__init__.py", ""),
        ("shop/settings.py", "ROOT_URLCONF = 'shop.urls'\nINSTALLED_APPS = ['shop']\n"),
        ("shop/urls.py", "from django.urls import path\nfrom . import views\nurlpatterns = [path('a', views.view)]\n"),
        ("shop/models.py", "from django.db import models\nclass Item(models.Model):\n    name = models.TextField()\n"),
        (
            "shop/asgi.py",
            "import os\nfrom django.core.asgi import get_asgi_application\n\
             os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\napplication = get_asgi_application()\n",
        ),
        ("shop/views.py", views),
    ] {
        files.add(path, text);
    }
    let modules = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
    let application = analyse(&files, &modules, "shop.asgi:application", "").unwrap();
    (files, application)
}

#[test]
fn what_asks_the_database_of_django_stays_in_the_thread_of_the_request() {
    let views = "import asyncio\nimport requests\nfrom .models import Item\n\
                 def count():\n    requests.get('u')\n    return Item.objects.count()\n\
                 async def view(request):\n    await asyncio.sleep(0)\n    return count()\n";
    let (project, application) = of_django(views);
    let fixes: Vec<&Fix> = application.blocking.iter().filter_map(|blocking| blocking.repair.as_ref()).collect();
    let plan = plan(&project, &fixes);
    let [rewrite] = plan.rewrites.as_slice() else { panic!("{:?}", application.blocking) };
    assert!(rewrite.new.contains("    return await sync_to_async(count)()\n"), "{}", rewrite.new);
    assert!(rewrite.new.contains("from asgiref.sync import sync_to_async\n"), "{}", rewrite.new);
    assert!(of_django(&rewrite.new).1.blocking.is_empty());
}

#[test]
fn the_import_comes_along_once() {
    let text = format!(
        "{HEAD}@app.get('/')\nasync def a():\n    time.sleep(1)\n@app.get('/b')\nasync def b():\n    time.sleep(2)\n"
    );
    let (new, safeties, left) = fixed(&text);
    assert_eq!((new.matches("import asyncio").count(), safeties.len(), left), (1, 2, 0), "{new}");
    assert!(new.starts_with("import asyncio\nimport time\n"), "{new}");
    let (again, safeties, _) = fixed(&new);
    assert_eq!((again, safeties.len()), (new, 0));
    let alias = text.replacen("import time", "import time\nimport asyncio as aio", 1);
    assert!(fixed(&alias).0.contains("await aio.sleep(1)"));
}

#[test]
fn line_endings_and_everything_else_stay() {
    let text = handler("    time.sleep(1)  # a\t\n").replace('\n', "\r\n");
    let (new, ..) = fixed(&text);
    assert_eq!(new, text.replace("time.sleep(1)", "await asyncio.sleep(1)"));
}

#[test]
fn a_call_that_may_mean_what_needs_the_loop_stays_on_it() {
    let text = |stop: &str| {
        format!(
            "import asyncio\n{HEAD}class One:\n    def stop(self):\n        requests.get('http://a')\n\
             class Two:\n    def stop(self):\n        {stop}\n\
             PARTS = [One(), Two()]\n\
             @app.get('/')\nasync def view(request: Request):\n    await request.body()\n    \
             for part in PARTS:\n        part.stop()\n"
        )
    };
    let fixes = |text: &str| {
        let (_, application) = analysed(text);
        assert!(!application.blocking.is_empty());
        application.blocking.iter().filter(|blocking| blocking.repair.is_some()).count()
    };
    assert_eq!(fixes(&text("print('done')")), 1);
    assert_eq!(fixes(&text("asyncio.get_event_loop().stop()")), 0);
}

#[test]
fn no_handler_becomes_plain_that_calls_what_asks_for_the_loop() {
    let help = |inner: &str| {
        let text = format!(
            "import asyncio\n{HEAD}async def tags():\n    pass\ndef rebuild():\n    {inner}\n\
             def begin():\n    rebuild()\n@app.get('/')\nasync def view():\n    x = open('x').read()\n    begin()\n    return x\n"
        );
        let (_, application) = analysed(&text);
        let [blocking] = application.blocking.as_slice() else { panic!("{:#?}", application.blocking) };
        let plain = |fix: &Fix| fix.title.contains("plain `def`");
        (blocking.remedy.text.contains("plain `def`"), blocking.repair.as_ref().is_some_and(plain))
    };
    assert_eq!(help("print('done')"), (true, true));
    assert_eq!(help("asyncio.run(tags())"), (true, true));
    assert_eq!(help("asyncio.create_task(tags())"), (false, false));
    assert_eq!(help("asyncio.ensure_future(tags())"), (false, false));
}

#[test]
fn what_nobody_wrote_is_told_as_the_line_puts_it() {
    let (_, application) = analysed(&format!(
        "from sqlalchemy.orm import sessionmaker\nmaker = sessionmaker()\n{HEAD}\
         @app.get('/')\nasync def view():\n    with maker.begin() as session:\n        print(session)\n"
    ));
    let told: Vec<_> =
        application.blocking.iter().map(|blocking| (blocking.what.as_str(), blocking.written.as_deref())).collect();
    assert_eq!(told, [("sqlalchemy.orm.sessionmaker.begin.__exit__", Some("with maker.begin()"))]);
}

/// What is said to do about the only finding of a project, and whether there is a fix that makes the handler plain.
fn said(more: &str, decorators: &str) -> (String, bool) {
    let text = format!("{HEAD}{more}{decorators}async def view():\n    return open('x').read()\n");
    let (_, application) = analysed(&text);
    let [blocking] = application.blocking.as_slice() else { panic!("{:#?}", application.blocking) };
    let plain = |fix: &Fix| fix.title.contains("plain `def`");
    (blocking.remedy.text.clone(), blocking.repair.as_ref().is_some_and(plain))
}

#[test]
fn no_handler_becomes_plain_that_a_class_of_routes_of_a_library_awaits() {
    let router = |arguments: &str| {
        let more = format!(
            "from fastapi import APIRouter\nfrom fastapi.routing import APIRoute\nfrom dishka.integrations.fastapi import DishkaRoute\n\
             class Timed(APIRoute): ...\nclass Injected(DishkaRoute): ...\nrouter = APIRouter({arguments})\n\
             other = APIRouter(route_class=DishkaRoute)\napp.include_router(router)\n"
        );
        said(&more, "@router.get('/')\n")
    };
    for arguments in ["", "prefix='/a'", "route_class=APIRoute", "route_class=Timed"] {
        let (text, fixed) = router(arguments);
        assert!(text.contains("plain `def`") && fixed, "{arguments}: {text}");
    }
    for arguments in ["route_class=DishkaRoute", "route_class=Injected", "route_class=unknown()"] {
        let (text, fixed) = router(arguments);
        assert!(!text.contains("plain `def`") && !fixed, "{arguments}: {text}");
    }
    let (text, fixed) = said(
        "from dishka.integrations.fastapi import DishkaRoute\napp.router.route_class = DishkaRoute\n",
        "@app.get('/')\n",
    );
    assert!(!text.contains("plain `def`") && !fixed, "{text}");
}

#[test]
fn no_handler_becomes_plain_that_a_decorator_calls_on_the_loop() {
    let decorator = |kind: &str, result: &str| {
        let more = format!(
            "import asyncio\nfrom functools import wraps\ndef counted(func):\n    @wraps(func)\n    {kind} wrapper(**kwargs):\n        return {result}\n    return wrapper\n"
        );
        said(&more, "@app.get('/')\n@counted\n").0
    };
    let either = "await func(**kwargs) if asyncio.iscoroutinefunction(func) else func(**kwargs)";
    // What a library does with it, nobody sees.
    let handed = "await meter.call(func, **kwargs)";
    for result in ["await func(**kwargs)", either, handed] {
        let text = decorator("async def", result);
        assert!(!text.contains("plain `def`"), "{text}");
    }
    let text = said("", "@app.get('/')\n").0;
    assert!(text.contains("plain `def`"), "{text}");
}

#[test]
fn one_call_is_moved_for_all_that_it_leads_to_or_for_none() {
    let fixes = |body: &str| {
        let text = format!(
            "from sqlalchemy.orm import Session\n{HEAD}def save(db):\n    requests.get('u')\n{body}\n\
             @app.get('/')\nasync def view(request: Request, db: Session):\n    await request.body()\n    save(db)\n"
        );
        let (_, application) = analysed(&text);
        application.blocking.iter().filter(|blocking| blocking.repair.is_some()).count()
    };
    assert_eq!(fixes("    print(db)\n"), 1);
    assert_eq!(fixes("    db.commit()\n"), 0);
}

#[test]
fn a_query_that_a_condition_sends_is_told_by_its_name() {
    let (_, application) = analysed(&format!(
        "import peewee\nclass User(peewee.Model): ...\n{HEAD}\
         @app.get('/')\nasync def view():\n    user = User.select()\n    if user:\n        return 1\n"
    ));
    let [blocking] = application.blocking.as_slice() else { panic!("{:#?}", application.blocking) };
    assert_eq!((blocking.what.as_str(), blocking.asked.as_deref()), ("peewee.BaseQuery", Some("user")));
}

#[test]
fn what_an_older_version_lacks_is_not_what_to_use() {
    let (_, application) = analysed(&format!(
        "import redis\nclient = redis.Redis()\n{HEAD}\
         @app.get('/')\nasync def view(request: Request):\n    await request.body()\n    client.get('a')\n"
    ));
    let [blocking] = application.blocking.as_slice() else { panic!("{:#?}", application.blocking) };
    assert_eq!(blocking.remedy.text, "use `redis.asyncio.Redis`");
    let before = blocking.remedy.before.as_ref().map(|(since, help)| (*since, help.as_str()));
    assert_eq!(before, Some(("4.2", "use `await asyncio.to_thread(...)`")));
}

/// The titles of the fixes of a project whose application stands beside `repo.py`.
fn titles(handlers: &str) -> Vec<Option<String>> {
    let mut files = Files::new();
    files.add("main.py", format!("import repo\n{HEAD}{handlers}"));
    files.add(
        "repo.py",
        "import requests\ndef add_item():\n    requests.get('u')\ndef drop():\n    requests.get('u')\n",
    );
    files.add("other.py", "from repo import add_item\ndef more():\n    add_item()\n");
    let modules = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
    let application = analyse(&files, &modules, "main:app", "").unwrap();
    application.blocking.iter().map(|blocking| blocking.repair.as_ref().map(|fix| fix.title.clone())).collect()
}

#[test]
fn a_handler_becomes_plain_though_something_else_has_its_name() {
    let add = |body: &str, rest: &str| titles(&format!("@app.get('/')\nasync def add_item():\n    {body}\n{rest}"));
    let plain = [Some("make `add_item` a plain `def`, which the framework runs in a thread".to_owned())];
    assert_eq!(add("repo.add_item()", ""), plain);
    assert_eq!(add("repo.add_item()", "from repo import add_item as other\nother()\n"), plain);
    // Somebody awaits it.
    let awaited = "import main\n@app.get('/b')\nasync def b():\n    await main.add_item()\n";
    assert_ne!(add("repo.add_item()", awaited), plain);
}

#[test]
fn handlers_that_lead_to_one_call_become_plain_together() {
    let both = |second: &str| {
        titles(&format!(
            "@app.get('/a')\nasync def a():\n    repo.drop()\n@app.get('/b')\nasync def b():\n    {second}\n"
        ))
    };
    let together = "make `a` and another handler a plain `def`, which the framework runs in a thread";
    assert_eq!(both("repo.drop()"), [Some(together.to_owned())]);
    let fixes = both("await app.router.startup()\n    repo.drop()");
    assert!(fixes.iter().flatten().all(|title| !title.contains("plain")), "{fixes:?}");
}

#[test]
fn nothing_of_asyncio_is_written_where_trio_runs() {
    let (_, application) = analysed(
        "import time\nfrom quart_trio import QuartTrio\napp = QuartTrio(__name__)\n\
         @app.route('/')\nasync def view():\n    await app.startup()\n    time.sleep(1)\n",
    );
    let [blocking] = application.blocking.as_slice() else { panic!("{:#?}", application.blocking) };
    assert!(blocking.remedy.text.contains("trio.sleep"), "{}", blocking.remedy.text);
    assert!(!blocking.remedy.text.contains("asyncio"), "{}", blocking.remedy.text);
    assert_eq!(blocking.repair, None);
}

#[test]
fn what_keeps_its_data_in_one_file_is_not_moved_to_threads() {
    let text = |read: &str| {
        format!(
            "{HEAD}def convert(text):\n    with open('/tmp/in.txt', 'w') as f:\n        f.write(text)\n    \
             return requests.post('http://c', data={read})\n@app.get('/')\nasync def view(text):\n    return convert(text)\n"
        )
    };
    for (read, stays) in [("open('/tmp/in.txt')", true), ("text", false), ("open('/tmp/other.txt')", false)] {
        let (_, application) = analysed(&text(read));
        let post = application.blocking.iter().find(|one| one.what == "requests.post").unwrap();
        assert_eq!(post.repair.is_none(), stays, "{read}");
        assert_eq!(post.remedy.text.contains("`/tmp/in.txt` is the same file for all requests"), stays, "{read}");
        assert_ne!(post.remedy.drop_async, stays, "{read}");
    }
}

#[test]
fn an_old_python_has_no_thread_to_move_calls_to() {
    let told = |image: &str| {
        let mut files = Files::new();
        files.add("main.py", handler("    requests.get('u')\n"));
        files.add("Dockerfile", format!("FROM python:{image}\n"));
        let python = files.iter().filter(|(_, file)| file.is_python());
        let modules = python.map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
        let application = analyse(&files, &modules, "main:app", "").unwrap();
        let [only] = application.blocking.as_slice() else { panic!("{:?}", application.blocking) };
        (only.repair.is_some(), only.remedy.text.contains("asyncio.to_thread"))
    };
    assert!(told("3.9").0);
    assert_eq!(told("3.8-slim"), (false, false));
}

#[test]
fn calls_in_front_of_a_call_stand_in_its_name() {
    for (text, name) in [
        ("api.people().get(id=\"a)\", fields='(').execute()", Some("api.people().get().execute")),
        ("client.customers.create(\n    name=name(),\n)", Some("client.customers.create")),
        ("(build(\"a\")\n    .files()\n    .list(pageSize=3)\n    .execute())", Some("")),
        ("files[\"a(\"].list()", Some("files[].list")),
        ("broken)(", None),
    ] {
        assert_eq!(super::without_arguments(text).as_deref(), name, "{text}");
    }
}
