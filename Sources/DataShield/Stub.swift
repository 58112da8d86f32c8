import AsyncHTTPClient
import Crypto
import Hummingbird
import Mustache
