using Becket.InteropTests.Images;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Kernel;

/// <summary>
/// The Linux kernel's own client, in a virtual machine, because few test machines have the nbd module. Store, server and client
/// all run in the guest, which sees this machine's files and keeps what it writes to itself.
/// </summary>
public abstract class KernelTest(RealStores stores) : InteropTest(stores)
{
    /// <summary>Makes a folder with the hybrid ISO in a bucket and the checksums of its files.</summary>
    protected async Task<(FileTree Files, string Folder)> MakeStoreAsync()
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
    protected async Task<string> RunInGuestAsync(string store, string script)
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
        var guest = new Command(Repository.Script("kernel-vm"), Folder["guest.sh"], "270") { TimeLimit = TimeSpan.FromMinutes(5) };
        return (await guest.SucceedAsync(Token)).Output;
    }
}
