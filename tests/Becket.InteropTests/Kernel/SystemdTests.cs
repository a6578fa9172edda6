using Becket.InteropTests.Images;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Kernel;

/// <summary>
/// Mounts by systemd and by mount(8), in a virtual machine: systemd is process 1 of it, or there is none. The store is in it, too, and
/// takes part as the network: whatever needs it has to end before it does.
/// </summary>
public sealed class SystemdTests(RealStores stores) : InteropTest(stores)
{
    private const string Options = "endpoint-url=http://127.0.0.1:9000,credentials_file=/etc/becket/keys";

    /// <summary>One boot for all of it, since that is what takes the time.</summary>
    [Fact]
    public async Task Services_and_lines_of_fstab_are_mounted_survive_kills_and_end_before_the_network()
    {
        Tool.Require("systemctl", "journalctl");
        var store = await MakeStoreAsync();

        var console = await RunInGuestAsync(
            "systemd",
            store,
            $$"""
            becket install-systemd
            cat >/run/systemd/system/store.service <<UNIT
            [Unit]
            DefaultDependencies=no
            Conflicts=shutdown.target
            Before=shutdown.target network.target
            Wants=network.target
            [Service]
            ExecStart=$(command -v becket) dev-s3 $store/buckets --port 9000 --access-key me --secret-key mine
            ExecStop=/bin/sh -c 'echo "the network ends: \$\$(grep -c ^/dev/nbd /proc/mounts) mounts" >/dev/ttyS0'
            UNIT
            systemctl start store
            wait_until is_listening

            # A service: ready when it is mounted, in everybody's namespace; a new process after a kill; gone when stopped.
            mkdir -p /run/systemd/system/becket@disk.service.d
            printf '[Service]\nLoadCredential=aws:/etc/becket/keys\nEnvironment=AWS_SHARED_CREDENTIALS_FILE=%%d/aws\n' \
                >/run/systemd/system/becket@disk.service.d/keys.conf
            printf '%s\n' SOURCE=s3://bucket/disk.img WHERE=/mnt 'OPTIONS=--endpoint-url http://127.0.0.1:9000' >/etc/becket/disk.conf
            systemctl daemon-reload
            systemctl start becket@disk
            (cd /mnt && head -n 20 "$store/SHA256SUMS" | sha256sum --quiet --check)
            kill -9 $(systemctl show -P MainPID becket@disk)
            (cd /mnt && sha256sum --quiet --check "$store/SHA256SUMS")
            wait_until systemctl is-active becket@disk
            test $(systemctl show -P NRestarts becket@disk) = 1
            # Whoever holds it up is told of, in the journal with its priority and in the status.
            sleep 600 </mnt/README & holder=$!
            systemctl stop --no-block becket@disk
            wait_until is_told
            systemctl show -P StatusText becket@disk | grep '^waiting for those who use the device'
            kill $holder
            wait_until is_nothing_left
            journalctl -u becket@disk -p info..info | grep 's3://bucket/disk.img is /dev/nbd0'
            journalctl -u becket@disk | grep '<[0-9]>' && exit 1

            # fstab: by mount(8), and systemd knows it for what it is, also when it has read everything again.
            mkdir /lazy /missing /late
            cat >/etc/fstab <<FSTAB
            s3://bucket/disk.img /mnt becket ro,_netdev,{{Options}},noatime 0 0
            s3://bucket/disk.img /lazy becket ro,_netdev,nofail,x-systemd.automount,{{Options}} 0 0
            s3://bucket/none.img /missing becket ro,_netdev,nofail,{{Options}} 0 0
            FSTAB
            systemctl daemon-reload
            mount /mnt
            (cd /mnt && sha256sum --quiet --check "$store/SHA256SUMS")
            grep '^/dev/nbd0 /mnt ext4 ro,noatime' /proc/mounts
            systemctl daemon-reload
            systemctl is-active mnt.mount
            is_ordered mnt.mount

            # An object that is missing keeps nobody from booting, and says so.
            systemctl start remote-fs.target
            systemctl is-active remote-fs.target mnt.mount lazy.automount
            wait_until is_failed missing.mount
            journalctl -u missing.mount -p err | grep 's3://bucket/none.img'
            systemctl stop mnt.mount
            wait_until is_nothing_left

            # Who looks into a folder has it mounted.
            (cd /lazy && head -n 20 "$store/SHA256SUMS" | sha256sum --quiet --check)
            systemctl is-active lazy.mount
            journalctl -t becket -p info..info | grep 's3://bucket/disk.img is /dev/nbd0'

            # One that a person mounts has to end before the network, too.
            becket mount s3://bucket/disk.img /late --endpoint-url http://127.0.0.1:9000 --credentials-file /etc/becket/keys
            wait_until is_ordered late.mount
            test $(grep -c ^/dev/nbd /proc/mounts) = 2
            """);

        Assert.Contains("the network ends: 0 mounts", console, StringComparison.Ordinal);
        Assert.DoesNotContain("Failed unmounting", console, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_of_fstab_are_mounted_without_systemd()
    {
        var store = await MakeStoreAsync();

        await RunInGuestAsync(
            "",
            store,
            $$"""
            ln -s "$(command -v becket)" /sbin/mount.becket
            becket dev-s3 $store/buckets --port 9000 --access-key me --secret-key mine >/tmp/dev-s3 &
            wait_until is_listening
            mkdir /missing
            echo "s3://bucket/disk.img /mnt becket _netdev,{{Options}} 0 0" >/etc/fstab
            mount -a
            mount -a
            (cd /mnt && sha256sum --quiet --check "$store/SHA256SUMS")
            mount -v -t becket s3://bucket/none.img /missing -o {{Options}} 2>/tmp/errors && exit 1
            test $? = 32
            cat /tmp/errors
            grep 's3://bucket/none.img' /tmp/errors
            mount -t becket s3://bucket/disk.img /missing -o via=pigeon && exit 1
            test $? = 1
            umount -a -t ext4
            wait_until is_nothing_left
            """);
    }

    /// <summary>Makes a folder with a file system in a bucket and the checksums of its files.</summary>
    private async Task<string> MakeStoreAsync()
    {
        Tool.Require("qemu-system-x86_64", "busybox", "cpio", "ss", "mke2fs");
        Tool.RequireFileLike("/boot", "vmlinuz-*");
        var files = FileTree.Create(Directory.CreateDirectory(Folder["files"]).FullName, seed: 9);
        var bucket = Directory.CreateDirectory(Folder["store/buckets/bucket"]).FullName;
        await DiskImage.MakeExt4Async(Path.Combine(bucket, "disk.img"), files, size: 32 << 20, Token);
        await File.WriteAllTextAsync(Folder["store/SHA256SUMS"], files.Checksums(), Token);
        return Folder["store"];
    }

    /// <summary>Runs a script in the guest, each of whose commands has to succeed; returns the console.</summary>
    private async Task<string> RunInGuestAsync(string init, string store, string script)
    {
        await File.WriteAllTextAsync(
            Folder["guest.sh"],
            $$"""
            set -euv
            store={{store}} PATH={{Path.GetDirectoryName(Repository.Becket)}}:$PATH
            wait_until() { for try in {1..300}; do if "$@"; then return; fi; sleep 0.1; done; return 1; }
            is_listening() { test -n "$(ss -Hltn sport = :9000)"; }
            is_nothing_left() {
                ! pgrep -fx '.*becket (supervise|serve-attachment|mount) .*' \
                    && test ! -e /run/becket/1 && ! grep ^/dev/nbd /proc/mounts
            }
            is_told() { journalctl -u becket@disk -p warning..warning | grep 'told to stop, and waiting for those who use the device'; }
            is_failed() { test "$(systemctl is-failed "$1")" = failed; }
            is_ordered() { systemctl show -P After "$1" | grep -w network.target; }
            mkdir -p /etc/becket
            printf '[default]\naws_access_key_id=me\naws_secret_access_key=mine\n' >/etc/becket/keys

            """ + script + "\n",
            Token);
        var guest = new Command(Repository.Script("kernel-vm"), Folder["guest.sh"], "270")
        {
            TimeLimit = TimeSpan.FromMinutes(5),
            Environment = [("KERNEL_VM_INIT", init)],
        };
        return (await guest.SucceedAsync(Token)).Output;
    }
}
