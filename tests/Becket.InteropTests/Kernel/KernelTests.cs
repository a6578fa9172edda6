using Becket.InteropTests.Images;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Kernel;

/// <summary>
/// The Linux kernel's own client, in a virtual machine, because few test machines have the nbd module. Store, server and client
/// all run in the guest, which sees this machine's files and keeps what it writes to itself.
/// </summary>
public sealed class KernelTests(RealStores stores) : InteropTest(stores)
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

    /// <summary>Makes a folder with the hybrid ISO in a bucket and the checksums of its files.</summary>
    private async Task<(FileTree Files, string Folder)> MakeStoreAsync()
    {
        Tool.Require("qemu-system-x86_64", "busybox", "cpio", "nbd-client", "ss", "mke2fs", "xorriso");
        Tool.RequireFileLike("/boot", "vmlinuz-*");
        var files = FileTree.Create(Directory.CreateDirectory(Folder["files"]).FullName, seed: 8);
        await DiskImage.MakeExt4Async(Folder["ext4.img"], files, size: 32 << 20, Token);
        var bucket = Directory.CreateDirectory(Folder["store/buckets/my_files"]).FullName;
        await DiskImage.MakeHybridIsoAsync(Path.Combine(bucket, "fedora.iso"), files, Folder["ext4.img"], Token);
        await File.WriteAllTextAsync(Folder["store/SHA256SUMS"], files.Checksums(), Token);
        return (files, Folder["store"]);
    }

    /// <summary>Runs a script in the guest with <c>becket dev-s3</c> over the store as its first job; returns the console.</summary>
    private async Task<string> RunInGuestAsync(string store, string script)
    {
        await File.WriteAllTextAsync(
            Folder["guest.sh"],
            $$"""
            set -euv
            wait_until() { for try in {1..300}; do if "$@"; then return; fi; sleep 0.1; done; return 1; }
            store={{store}} PATH={{Path.GetDirectoryName(Repository.Becket)}}:$PATH
            becket dev-s3 "$store/buckets" >/tmp/dev-s3 &
            wait_until grep -q '^secret-key: .' /tmp/dev-s3
            endpoint=$(grep -o 'http://[0-9.:]*' /tmp/dev-s3)
            access_key=$(sed -n 's/^access-key: //p' /tmp/dev-s3) secret_key=$(sed -n 's/^secret-key: //p' /tmp/dev-s3)
            export AWS_ACCESS_KEY_ID=$access_key AWS_SECRET_ACCESS_KEY=$secret_key

            """ + script + "\n",
            Token);
        var guest = new Command(Repository.Script("kernel-vm"), Folder["guest.sh"], "180") { TimeLimit = TimeSpan.FromMinutes(4) };
        return (await guest.SucceedAsync(Token)).Output;
    }
}
