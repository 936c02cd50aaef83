# SPDX-License-Identifier: GPL-2.0-only
# bash completion for minibus: commands, options, guests, configuration files and their keys.
# Installed as /usr/share/bash-completion/completions/minibus.
_minibus_guests()
{
	local path
	for path in "${MINIBUS_CONFIGFS:-/sys/kernel/config/vbus}"/guests/*/; do
		[ -d "$path" ] && basename "$path"
	done
}

_minibus_create()
{
	local word=$1 keys='name= memory= vcpus= cr3_trace= tsc_khz= kernel= type= ramdisk= cmdline= net= disk= echo= share=
		on_poweroff= on_reboot= on_crash='
	case $word in
	-*) COMPREPLY=($(compgen -W '-c -n -p -w -t --console --dry-run --paused --wait --timeout' -- "$word")) ;;
	*) COMPREPLY=($(compgen -f -- "$word") $(compgen -W "$keys" -- "$word")) ;;
	esac
}

_minibus()
{
	local word=${COMP_WORDS[COMP_CWORD]} command='' i
	local commands='create list console destroy pause unpause dmesg info stats trace doctor help version'

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) ;;
		*) command=${COMP_WORDS[i]}; break ;;
		esac
	done
	case $command in
	'') COMPREPLY=($(compgen -W "$commands" -- "$word")) ;;
	create) _minibus_create "$word" ;;
	console) COMPREPLY=($(compgen -W "$(_minibus_guests) -t" -- "$word")) ;;
	destroy) COMPREPLY=($(compgen -W "$(_minibus_guests) -a" -- "$word")) ;;
	pause | unpause) COMPREPLY=($(compgen -W "$(_minibus_guests)" -- "$word")) ;;
	trace) COMPREPLY=($(compgen -W "$(_minibus_guests) -j" -- "$word")) ;;
	stats) COMPREPLY=($(compgen -W "dom0 $(_minibus_guests) -j" -- "$word")) ;;
	list | info) COMPREPLY=($(compgen -W '-j' -- "$word")) ;;
	help) COMPREPLY=($(compgen -W "$commands" -- "$word")) ;;
	esac
}

complete -o filenames -F _minibus minibus
