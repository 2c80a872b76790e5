"""``twistd -ny proxy.tac``: the same service as ``twistd -n openaiproxy``, configured by the environment.

Every option has a variable: ``OPENAIPROXY_PORT=4567 OPENAIPROXY_UPSTREAM=embedded twistd -ny proxy.tac``.
"""

from twisted.application.service import Application

from openaiproxy.tap import Options, makeService

options = Options()
options.parseOptions([])
application = Application("openaiproxy")
makeService(options).setServiceParent(application)
