#compdef usbip-server usbip-keep
# SPDX-License-Identifier: Apache-2.0
# zsh completion: the options that --help names.
_gnu_generic
