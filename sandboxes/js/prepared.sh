# Run while the image is built, after `prepare js`: the compiler and headers have done their work.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-mark auto libnode-dev g++ > /dev/null
apt-get -qq -o Dpkg::Use-Pty=0 purge -y --auto-remove libnode-dev g++ > /dev/null
rm -rf /var/log/*.log /var/log/apt /var/cache/debconf/*-old /var/lib/dpkg/*-old
