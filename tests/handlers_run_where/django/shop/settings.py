SECRET_KEY = "a"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["rest_framework", "quotes"]
DATABASES = {}
LOGGING_CONFIG = None
MIDDLEWARE = [
    "shop.middleware.Plain",
    "shop.middleware.Both",
    "shop.middleware.function",
    "shop.middleware.function_both",
    "shop.middleware.Mixed",
]
REST_FRAMEWORK = {"UNAUTHENTICATED_USER": None, "DEFAULT_AUTHENTICATION_CLASSES": []}
