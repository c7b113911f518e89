"""Every way to deploy Earshot that the matrix is run over."""

from front_apache import ApacheFcgid, ApacheProxy
from front_caddy import Caddy
from front_cgi import CgiApache, CgiLighttpd
from front_h2o import H2o
from front_lighttpd import LighttpdSocket, LighttpdSpawned
from front_nginx import Nginx
from front_spawn import SpawnFcgi

FRONTS = [ApacheProxy, ApacheFcgid, LighttpdSpawned, LighttpdSocket,
          SpawnFcgi, Nginx, Caddy, H2o, CgiLighttpd, CgiApache]
