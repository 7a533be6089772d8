PURE += guest-abi/abi_check.c
