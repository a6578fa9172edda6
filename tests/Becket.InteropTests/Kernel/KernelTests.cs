using Becket.InteropTests.Nbd;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Kernel;

/// <summary>The kernel's client as nbd-client(8) sets it up, served by <c>becket serve</c>.</summary>
public sealed class KernelTests(RealStores stores) : KernelTest(stores)
{
    /// <summary>The session that this program is made for, as it is typed.</summary>
    [Fact]
    public async Task Iso_in_a_bucket_is_mounted_as_in_the_original_session()
    {
        var (files, store) = await MakeStoreAsync();

        var console = await RunInGuestAsync(
            store,
            """
            becket serve -f -v -U /tmp/sock access_key=$access_key secret_key=$secret_key \
                bucket=my_files key=fedora.iso endpoint_url=$endpoint &
            wait_until test -S /tmp/sock
            nbd-client -b 2048 -unix /tmp/sock /dev/nbd0
            mount -o ro /dev/nbd0 /mnt
            ls -l /mnt
            (cd /mnt && sha256sum --quiet --check "$store/SHA256SUMS")
            umount /mnt
            nbd-client -d /dev/nbd0
            kill %2
            wait %2
            test ! -e /tmp/sock
            """);

        Assert.Contains("one-byte", console, StringComparison.Ordinal);
        Assert.Equal(207, files.Count);
    }

    [Fact]
    public async Task Partitions_of_a_hybrid_iso_appear_and_mount()
    {
        var (_, store) = await MakeStoreAsync();

        await RunInGuestAsync(
            store,
            """
            becket serve -U /tmp/sock s3://my_files/fedora.iso --endpoint-url $endpoint &
            wait_until test -S /tmp/sock
            nbd-client -b 512 -unix /tmp/sock /dev/nbd0
            : </dev/nbd0  # as udev does elsewhere: the kernel looks for partitions when the device is first opened
            for partition in 1 2; do
                wait_until test -b /dev/nbd0p$partition
                mount -o ro /dev/nbd0p$partition /mnt
                (cd /mnt && sha256sum --quiet --check "$store/SHA256SUMS")
                umount /mnt
            done
            nbd-client -d /dev/nbd0
            kill %2
            wait %2
            """);
    }

    /// <summary>
    /// Four plain ones, then one through the helper process by which nbd-client speaks TLS: a boot is what takes the time.
    /// </summary>
    [Fact]
    public async Task Four_connections_of_the_kernel_and_one_within_TLS_read_the_same_bytes()
    {
        var (_, store) = await MakeStoreAsync();
        await CertificateFolders.MakeAsync(Folder.Path, Token);

        var console = await RunInGuestAsync(
            store,
            $$"""
            iso="$store/buckets/my_files/fedora.iso" pki={{Folder["pki"]}} foreign={{Folder["foreign"]}}
            refused() {
                if nbd-client -b 512 "$@" >/tmp/refusal 2>&1; then echo "not refused: $*"; return 1; fi
                test "$(cat /sys/block/nbd1/size)" = 0
            }

            becket serve -v -U /tmp/sock s3://my_files/fedora.iso --endpoint-url $endpoint &
            wait_until test -S /tmp/sock
            nbd-client -C 4 -b 512 -unix /tmp/sock /dev/nbd0
            test "$(ss -xH state established src /tmp/sock | wc -l)" = 4
            cmp /dev/nbd0 "$iso"
            nbd-client -d /dev/nbd0
            kill %2
            wait %2

            becket serve -v -p 10809 -P /tmp/pid --tls require --tls-certificates $pki --tls-verify-peer "$iso" & tls=$!
            wait_until test -s /tmp/pid
            reader="-certfile $pki/client-cert.pem -keyfile $pki/client-key.pem"
            refused localhost 10809 /dev/nbd1
            grep 'this server requires TLS' /tmp/refusal
            refused -x -cacertfile $foreign/ca-cert.pem $reader localhost 10809 /dev/nbd1
            refused -x -cacertfile $pki/ca-cert.pem localhost 10809 /dev/nbd1
            nbd-client -b 512 -x -cacertfile $pki/ca-cert.pem $reader localhost 10809 /dev/nbd1
            cmp /dev/nbd1 "$iso"
            nbd-client -d /dev/nbd1
            kill $tls
            wait $tls
            """);

        Assert.Contains("the client shows no certificate", console, StringComparison.Ordinal);
        Assert.Contains("client \"CN=reader\"", console, StringComparison.Ordinal);
    }
}
