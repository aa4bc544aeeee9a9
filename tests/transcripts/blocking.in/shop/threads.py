def in_thread(function, *arguments):
    return function(*arguments)


def threaded(function):
    def inner(*arguments):
        return function(*arguments)

    return inner
