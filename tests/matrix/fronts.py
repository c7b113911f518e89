"""Every way to deploy Earshot that the matrix is run over."""

from front_cgi import CgiLighttpd

FRONTS = [CgiLighttpd]
