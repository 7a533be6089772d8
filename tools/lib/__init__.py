# SPDX-License-Identifier: GPL-2.0
"""What the tools and the test driver share.  Debian's Python 3, standard library only."""
