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
            becket serve -f -v -U /tmp/sock access_key=$access_key secret_key=$secret_key bucket=my_files key=fedora.iso endpoint_url=$endpoint &
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

    [Fact]
    public async Task Four_connections_of_the_kernel_read_the_same_bytes()
    {
        var (_, store) = await MakeStoreAsync();

        await RunInGuestAsync(
            store,
            """
            becket serve -v -U /tmp/sock s3://my_files/fedora.iso --endpoint-url $endpoint &
            wait_until test -S /tmp/sock
            nbd-client -C 4 -b 512 -unix /tmp/sock /dev/nbd0
            test "$(ss -xH state established src /tmp/sock | wc -l)" = 4
            cmp /dev/nbd0 "$store/buckets/my_files/fedora.iso"
            nbd-client -d /dev/nbd0
            kill %2
            wait %2
            """);
    }
}
