from where import note


async def handed():
    note()


def more(target):
    @target.get("/more")
    def inside():
        note()


def add_routes(target):
    target.add_api_route("/handed", handed)
    more(target)
