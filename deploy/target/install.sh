#!/bin/sh
# Prepares a machine for being checked by drift_exporter with as little privilege as that takes, or takes all of it away:
#
#   install.sh PUBLIC_KEY HELPER    the exporter's public key, and the script that "drift_exporter helper" prints
#   install.sh --uninstall
#
# It makes an account without a password whose one key can do one thing: start the script through sudo. It may be run any
# number of times. sudoers and authorized_keys are taken from beside this script. Needs root, sudo, and useradd.
set -euf
umask 022
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

account=drift
mark=drift_exporter # the account's comment, by which it is known as ours
home=/home/drift
helper=/usr/local/libexec/drift_exporter_helper
rule=/etc/sudoers.d/drift_exporter

fail() {
	printf 'install.sh: %s\n' "$1" >&2
	exit 1
}

# ours tells whether the account is there and was made here. It refuses to touch somebody else's.
ours() {
	entry=$(getent passwd "$account") || return 1
	comment=${entry#*:*:*:*:}
	[ "${comment%%:*}" = "$mark" ] || fail "there is an account $account that was not made by this script: remove or rename it"
}

# of_root refuses a directory in which others than root could replace what root runs. Debian lets the group staff do so.
of_root() { # DIRECTORY
	staff=$(getent group staff | cut -d: -f3)
	[ -z "$(find -H "$1" -prune \( ! -user 0 -o -perm -0002 -o -perm -0020 ! -group 0 ! -group "${staff:-0}" \))" ] ||
		fail "$1 is not root's alone: whoever may write there could replace the script"
}

# place puts a file, made ready beside its place, there in one step: nobody ever sees half of it.
place() { # FILE TO MODE
	[ ! -d "$2" ] && [ ! -L "$2" ] || fail "$2 is a directory or a link"
	rm -f -- "$2.new"
	cp -- "$1" "$2.new"
	chown root:root "$2.new"
	chmod "$3" "$2.new"
	mv -f -- "$2.new" "$2"
}

# public_key prints the one key in a file, if it is nothing but that: no options, no second line.
public_key() {
	[ -f "$1" ] && [ -r "$1" ] || fail "$1 cannot be read"
	key= lines=0
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		'' | '#'*) ;;
		*) key=$line lines=$((lines + 1)) ;;
		esac
	done <"$1"
	[ "$lines" -eq 1 ] || fail "$1 holds $lines keys, and must hold one"
	case $key in
	ssh-ed25519\ AAAA* | ecdsa-sha2-nistp*\ AAAA* | ssh-rsa\ AAAA* | sk-ssh-ed25519@openssh.com\ AAAA* | sk-ecdsa-sha2-nistp256@openssh.com\ AAAA*) ;;
	*) fail "$1 holds no public key" ;;
	esac
	ssh-keygen -l -f "$1" >/dev/null 2>&1 || fail "ssh-keygen cannot read $1"
	printf '%s\n' "$key"
}

# install_rule has the rule checked before it is where sudo reads it: a mistake there could lock everybody out of sudo. more is
# what other rules allow.
install_rule() {
	cp -- "$here/sudoers" "$rule.new" # sudo reads no file with a dot in its name
	chown root:root "$rule.new"
	chmod 0440 "$rule.new"
	if ! visudo -c -q -f "$rule.new"; then
		rm -f -- "$rule.new"
		fail "sudo does not understand $here/sudoers: nothing was changed in $rule"
	fi
	mv -f -- "$rule.new" "$rule"
	allowed=$(sudo -n -l -U "$account" 2>/dev/null | grep '^ *(' || true)
	case $allowed in
	*"NOPASSWD: $helper \"\""*) ;;
	*) fail "sudo does not heed $rule: /etc/sudoers must have a line @includedir /etc/sudoers.d" ;;
	esac
	more=$(printf '%s\n' "$allowed" | grep -v "NOPASSWD: $helper \"\"\$" || true)
}

install_all() { # PUBLIC_KEY HELPER
	for program in useradd getent sudo visudo ssh-keygen; do
		command -v "$program" >/dev/null 2>&1 || fail "$program is missing"
	done
	[ -d /etc/sudoers.d ] || fail "there is no /etc/sudoers.d"
	key=$(public_key "$1")
	options=$(cat <"$here/authorized_keys")
	options=${options%% ssh-ed25519 *}
	case $options in
	*restrict*"command=\"sudo -n -u root -- $helper\""*) ;;
	*) fail "$here/authorized_keys does not restrict the key to $helper" ;;
	esac
	[ -f "$2" ] || fail "$2 cannot be read"
	case $(cat <"$2") in
	'#!/bin/sh'*'# drift_exporter_helper:'*drift_main*exit*'}') ;;
	*) fail "$2 is not what drift_exporter helper prints" ;;
	esac
	sh -n "$2" || fail "$2 is not what drift_exporter helper prints"

	ours || [ ! -e "$home" ] && [ ! -L "$home" ] || fail "there is $home, which was not made by this script: remove it"
	mkdir -p /usr/local/libexec
	for dir in /usr /usr/local /usr/local/libexec; do of_root "$dir"; done
	place "$2" "$helper" 0755
	# A password of * is one that nothing matches. The account is not locked: sshd would refuse its key.
	ours || useradd --system --user-group --home-dir "$home" --no-create-home --shell /bin/sh --password '*' --comment "$mark" "$account"
	# All of its home is root's, so that no session can leave anything there that the next one reads.
	for dir in "$home" "$home/.ssh"; do
		[ ! -L "$dir" ] || fail "$dir is a link"
		mkdir -p "$dir"
		chown root:root "$dir"
		chmod 0755 "$dir"
	done
	rm -f -- "$home/.ssh/authorized_keys.new" # of a run that was interrupted, or a link
	printf '%s %s\n' "$options" "$key" >"$home/.ssh/authorized_keys.new"
	chmod 0644 "$home/.ssh/authorized_keys.new"
	mv -f -- "$home/.ssh/authorized_keys.new" "$home/.ssh/authorized_keys"
	install_rule
	if command -v restorecon >/dev/null 2>&1; then restorecon -R "$home" "$helper" "$rule"; fi
	[ -z "$more" ] || fail "installed, but other rules of sudo allow $account more: $more"
	printf 'installed: %s may start %s as root, and nothing else\n' "$account" "$helper"
}

uninstall() {
	rm -f -- "$rule" "$rule.new" "$helper" "$helper.new"
	rmdir /usr/local/libexec 2>/dev/null || true # others may have files there
	if ours; then
		# The key first: an account with a session that is open cannot be removed.
		rm -f -- "$home/.ssh/authorized_keys" "$home/.ssh/authorized_keys.new"
		userdel "$account" || fail "the account $account was not removed, its key and all that it might do was"
		rmdir "$home/.ssh" "$home" 2>/dev/null || fail "$home holds files that were not put there by this script: it was left"
	fi
	printf 'removed\n'
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
[ "$(id -u)" = 0 ] || fail "must be run by root"
case $#:${1-} in
1:--uninstall) uninstall ;;
2:*) install_all "$1" "$2" ;;
*) fail "usage: install.sh PUBLIC_KEY HELPER, or install.sh --uninstall" ;;
esac
