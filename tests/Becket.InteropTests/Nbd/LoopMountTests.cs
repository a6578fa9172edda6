using Becket.InteropTests.Images;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Nbd;

/// <summary>nbdfuse and a loop device: a filesystem in an object, mounted by a kernel that has no nbd module.</summary>
public sealed class LoopMountTests(RealStores stores) : InteropTest(stores)
{
    [Theory]
    [InlineData("ext4")]
    [InlineData("squashfs")]
    public async Task Every_file_of_a_mounted_filesystem_is_the_original(string type)
    {
        Tool.RequireRoot();
        Tool.RequireFile("/dev/fuse");
        Tool.RequireFile("/dev/loop-control");
        Tool.Require("nbdfuse", "fusermount3", "mount", "umount");
        var files = FileTree.Create(Directory.CreateDirectory(Folder["files"]).FullName, seed: 5);
        var store = await Stores.GetDevS3Async();
        await MakeAsync(type, store.PathOf(RealStores.Bucket, $"fs-{type}.img"), files);
        await using var becket = await BecketServer.StartAsync(store.Endpoint.Object(RealStores.Bucket, $"fs-{type}.img"), Token);
        var (fuse, mounted) = (Directory.CreateDirectory(Folder["fuse"]).FullName, Directory.CreateDirectory(Folder["mounted"]).FullName);

        await using var nbdfuse = new Command("nbdfuse", "-P", Folder["nbdfuse.pid"], $"{fuse}/disk.img", becket.Uri).Start();
        try
        {
            await FileIsThereAsync(Folder["nbdfuse.pid"], madeBy: nbdfuse);
            await new Command("mount", "-t", type, "-o", "ro,loop", $"{fuse}/disk.img", mounted).SucceedAsync(Token);
            Assert.Equal(files.Checksums(), FileTree.ChecksumsOf(mounted));
        }
        finally
        {
            await new Command("umount", mounted).RunAsync(CancellationToken.None);
            await new Command("fusermount3", "-u", fuse).RunAsync(CancellationToken.None);
        }
        await nbdfuse.WaitForExitAsync(Token);
        await becket.StopAsync(Token);
    }

    private Task MakeAsync(string type, string path, FileTree files) => type switch
    {
        "ext4" => DiskImage.MakeExt4Async(path, files, size: 64 << 20, Token),
        "squashfs" => DiskImage.MakeSquashfsAsync(path, files, Token),
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };
}
