using Becket.InteropTests.Images;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Fuse;

/// <summary>mount(8) of this machine, with Becket as its helper: the link in /sbin is there for as long as a test runs.</summary>
public sealed class MountHelperTests(RealStores stores) : FuseTest(stores)
{
    private const string Helper = "/sbin/mount.becket";

    [Fact]
    public async Task A_file_is_mounted_by_its_type_and_unmounted_as_any_other()
    {
        using var link = Link();
        var (image, files) = await MakeImageAsync();
        var folder = NewMountFolder();

        await Mount(image, folder, "via=fuse,noatime,nofail,x-test.word").SucceedAsync(Token);
        try
        {
            Assert.Equal(files.Checksums(), FileTree.ChecksumsOf(folder));
            Assert.Contains($"{folder} ext4 ro,noatime", await File.ReadAllTextAsync("/proc/mounts", Token), StringComparison.Ordinal);
            // As a second 'mount -a' does.
            await Mount(image, folder, "via=fuse").SucceedAsync(Token);
        }
        finally
        {
            await new Command("umount", folder).SucceedAsync(Token);
        }
        // At once again, although the one before is only just ending.
        await Mount(image, folder, "via=fuse").SucceedAsync(Token);
        await new Command("umount", folder).SucceedAsync(Token);
        // Returns when nothing is left, or finds that already.
        await new Command(Repository.Becket, "umount", folder).RunAsync(Token);

        Assert.DoesNotContain(image, (await new Command(Repository.Becket, "list").SucceedAsync(Token)).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/no/such/file", "via=fuse", 32, "/no/such/file: cannot open it")]
    [InlineData("IMAGE", "via=fuse,no_such_option=7", 32, "cannot be mounted")]
    [InlineData("IMAGE", "via=pigeon", 1, "'pigeon'")]
    [InlineData("IMAGE", "json", 1, "mount.becket: json is an option of 'becket mount'")]
    [InlineData("IMAGE", "partition=7", 32, "has no partition 7")]
    public async Task A_failure_has_mounts_exit_status_and_a_sentence(string source, string options, int status, string sentence)
    {
        using var link = Link();
        var (image, _) = await MakeImageAsync();

        var outcome = await Mount(source.Replace("IMAGE", image, StringComparison.Ordinal), NewMountFolder(), options)
            .EndWithAsync(status, Token);

        Assert.Contains(sentence, outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fake_mount_mounts_nothing()
    {
        using var link = Link();
        var (image, _) = await MakeImageAsync();
        var folder = NewMountFolder();

        await new Command("mount", "-f", "-n", "-t", "becket", image, folder).SucceedAsync(Token);

        await new Command("mountpoint", "-q", folder).EndWithAsync(32, Token);
    }

    [Fact]
    public async Task Systemd_finds_nothing_wrong_with_the_service_and_calls_it_ok()
    {
        Tool.Require("systemd-analyze");
        await new Command(Repository.Becket, "install-systemd", "--prefix", Folder["root"]).SucceedAsync(Token);
        var unit = Folder["root/usr/local/lib/systemd/system/becket@.service"];

        var verified = await new Command("systemd-analyze", "verify", "--man=no", unit).SucceedAsync(Token);
        Assert.Equal("", verified.Errors);
        // Its word for this is OK up to 4.9, of 10.
        await new Command("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=50", unit)
            .SucceedAsync(Token);
    }

    private static Command Mount(string source, string folder, string options) =>
        new("mount", "-t", "becket", source, folder, "-o", options);

    private async Task<(string Image, FileTree Files)> MakeImageAsync()
    {
        Tool.Require("mke2fs");
        var files = FileTree.Create(Directory.CreateDirectory(Folder["files"]).FullName, seed: 10);
        await DiskImage.MakeExt4Async(Folder["disk.img"], files, size: 32 << 20, Token);
        return (Folder["disk.img"], files);
    }

    private static HelperLink Link()
    {
        RequireLoop();
        Tool.Require("mount", "umount", "mountpoint");
        return new HelperLink();
    }

    /// <summary>Takes the place of one that somebody has installed, and gives it back.</summary>
    private sealed class HelperLink : IDisposable
    {
        private readonly string? _before = new FileInfo(Helper).LinkTarget;

        public HelperLink()
        {
            File.Delete(Helper);
            File.CreateSymbolicLink(Helper, Repository.Becket);
        }

        public void Dispose()
        {
            File.Delete(Helper);
            if (_before is not null)
                File.CreateSymbolicLink(Helper, _before);
        }
    }
}
