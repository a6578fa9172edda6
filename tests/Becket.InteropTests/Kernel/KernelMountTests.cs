using Becket.InteropTests.Images;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Kernel;

/// <summary>
/// <c>becket mount</c> and <c>attach</c> through the nbd driver. Whatever dies, readers see the right bytes or wait for them.
/// </summary>
public sealed class KernelMountTests(RealStores stores) : KernelTest(stores)
{
    /// <summary>What every session in the guest needs; a line with == in front is for the test to look at.</summary>
    private const string Prelude =
        """
        set +v
        export endpoint; mkdir -p /mnt/a /mnt/b
        pids() { grep -oE '"(process|supervisor)":[0-9]+' /run/becket/1/state.json | sort -r | cut -d: -f2; }
        server() { sed -n 's/.*"process":\([0-9]*\).*/\1/p' /run/becket/1/state.json; }
        health() { becket list --json | sed -n 's/^ *"health": "\(.*\)".*/\1/p'; }
        healthy() { test "$(health)" = ok; }
        dead() { test "$(health)" = dead; }
        refused() { if "$@" >/tmp/refusal 2>&1; then echo "not refused: $*"; return 1; fi; echo "== refused: $(cat /tmp/refusal)"; }
        detached() { test ! -e /sys/block/nbd0/pid && test ! -e /sys/block/nbd1/pid && test -z "$(ls -A /run/becket)"; }
        forget() { echo 3 >/proc/sys/vm/drop_caches; blockdev --flushbufs /dev/nbd0; }
        object=s3://my_files/disk.img image=$store/disk.img

        """;

    [Fact]
    public async Task File_systems_are_mounted_refused_while_busy_and_unmounted_by_whomever()
    {
        var (_, store) = await MakeStoreAsync();
        DiskImage.WriteRandomWithHoles(Folder["store/buckets/my_files/disk.img"], 4 << 20, seed: 70);

        var console = await RunInGuestAsync(
            store,
            Prelude + """
            becket mount s3://my_files/fedora.iso /mnt/a --endpoint-url $endpoint & first=$!
            becket mount s3://my_files/fedora.iso#2 /mnt/b --endpoint-url $endpoint & second=$!
            wait $first; wait $second
            echo "== mounted: $(grep -c '^/dev/nbd[01].* ro,' /proc/mounts)"
            for folder in /mnt/a /mnt/b; do (cd $folder && sha256sum --quiet --check "$store/SHA256SUMS"); done
            exec 3</mnt/a/README
            refused becket umount /mnt/a
            exec 3<&-
            refused becket detach /mnt/a
            umount /mnt/b
            becket umount /mnt/a
            wait_until detached
            echo "== nothing left"

            # Killed when the kernel has its device, and no state is saved yet.
            mkdir /tmp/slow; printf '#!/bin/sh\n: >/tmp/begun; exec sleep 600\n' >/tmp/slow/partx; chmod +x /tmp/slow/partx
            slowly() { rm -f /tmp/begun; PATH=/tmp/slow:$PATH "$@" & wait_until test -e /tmp/begun; }
            begin() { slowly becket attach $object --endpoint-url $endpoint; }
            begin
            kill -9 $(pgrep -f serve-attachment)
            refused wait $!
            wait_until detached
            echo "== killed while it began: nothing left"
            begin
            kill -9 $(pgrep -f 'supervise|serve-attachment')
            echo "== both killed: $(cat /sys/block/nbd*/backend)"
            becket attach $object --endpoint-url $endpoint
            echo "== devices: $(ls -d /sys/block/nbd*/pid | wc -l)"
            becket detach $object
            wait_until detached
            echo "== nothing left at last"
            """);

        AssertSaid(
            console,
            "mounted: 2",
            "refused: becket: /mnt/a is busy",
            "does both",
            "nothing left",
            "killed by signal 9",
            "killed while it began: nothing left",
            "both killed: becket /run/becket/1",
            "devices: 1",
            "nothing left at last");
    }

    [Fact]
    public async Task Readers_outlive_a_paused_store_a_killed_server_and_both_processes_dead_and_never_see_other_bytes()
    {
        var (_, store) = await MakeStoreAsync();
        DiskImage.WriteRandomWithHoles(Folder["store/disk.img"], 32 << 20, seed: 71);
        File.Copy(Folder["store/disk.img"], Folder["store/buckets/my_files/disk.img"]);

        var console = await RunInGuestAsync(
            store,
            Prelude + """
            echo "== device: $(becket attach $object --endpoint-url $endpoint)"

            # Longer than the kernel's own 30 s; and killed while the reads wait for what the store is about to send.
            kill -STOP %1
            cmp /dev/nbd0 "$image" & reader=$!
            sleep 40
            echo "== paused: $(health)"
            kill -CONT %1; kill -9 $(server)
            wait $reader
            wait_until healthy
            echo "== read through a pause and a kill"

            forget
            kill -9 $(pids)
            cmp /dev/nbd0 "$image" & reader=$!
            wait_until dead
            echo "== killed: $(health)"
            becket restart /dev/nbd0
            wait $reader
            echo "== read through a restart: $(health)"

            forget
            kill -9 $(pids)
            head -c 33554432 /dev/urandom >/tmp/other
            mv /tmp/other "$store/buckets/my_files/disk.img"
            becket restart /dev/nbd0
            refused dd if=/dev/nbd0 of=/tmp/read bs=64k iflag=direct
            test ! -s /tmp/read
            echo "== replaced: $(becket list)"
            becket detach /dev/nbd0
            wait_until detached
            echo "== nothing left"
            """);

        AssertSaid(
            console,
            "device: /dev/nbd0",
            "paused: waiting",
            "read through a pause and a kill",
            "killed: dead",
            "read through a restart: ok",
            "Input/output error",
            "it was replaced",
            "nothing left");
    }

    /// <summary>These in this order.</summary>
    private static void AssertSaid(string console, params IEnumerable<string> expected)
    {
        var rest = console;
        foreach (var words in expected)
        {
            Assert.Contains(words, rest, StringComparison.Ordinal);
            rest = rest[(rest.IndexOf(words, StringComparison.Ordinal) + words.Length)..];
        }
    }
}
