# SPDX-License-Identifier: GPL-2.0-only
# The three lines a user sees before dom0's first prompt.
echo
echo "dom0 is up: $(nproc) CPUs, $(free -m | awk '/^Mem/ { print $2 }') MiB. Guest 'demo' is described in /etc/minibus/demo.conf. Try:"
echo "  minibus list              minibus console demo        minibus dmesg       minibus info"
echo "  ping -c3 10.99.0.2        iperf3 -c 10.99.0.2         poweroff"
