using Becket.InteropTests.Images;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Mounting;

/// <summary>A user who is not root: the image as a file, and a sentence where that is not what was asked for.</summary>
public sealed class WithoutRootTests(RealStores stores) : MountTest(stores)
{
    [Theory]
    [InlineData("becket")]
    [InlineData("fusermount3")]
    public async Task The_image_is_a_file_with_the_same_bytes_and_goes_again(string unmountedWith)
    {
        var (image, folder) = await PrepareAsync();

        var outcome = await AsNobody(Becket.Command("mount", Source.File(image), folder, "--via", "fuse")).SucceedAsync(Token);

        Assert.Equal($"{folder}/disk.img\n", outcome.Output);
        await AsNobody(new Command("cmp", image, $"{folder}/disk.img")).SucceedAsync(Token);
        Assert.Contains(folder, (await AsNobody(Becket.Command("list")).SucceedAsync(Token)).Output, StringComparison.Ordinal);
        if (unmountedWith == "becket")
        {
            await AsNobody(Becket.Command("umount", folder)).SucceedAsync(Token);
            AssertNothingIsLeft();
        }
        else
        {
            await AsNobody(new Command("fusermount3", "-u", folder)).SucceedAsync(Token);
            await Becket.WhenNothingIsLeftAsync(Token);
        }
    }

    [Fact]
    public async Task A_file_that_is_open_is_not_taken_away()
    {
        var (image, folder) = await PrepareAsync();
        await AsNobody(Becket.Command("mount", Source.File(image), folder, "--via", "fuse")).SucceedAsync(Token);
        await using (var holder = AsNobody(Command.Shell($"exec 3<'{folder}/disk.img'; echo ready; exec sleep 600")).Start())
        {
            await holder.Output.WaitForLineAsync("ready", Token);
            var unmounting = await AsNobody(Becket.Command("umount", folder)).EndWithAsync(1, Token);
            Assert.Contains($"{folder} is busy", unmounting.Errors, StringComparison.Ordinal);
            var detaching = await AsNobody(Becket.Command("detach", folder)).EndWithAsync(1, Token);
            Assert.Contains($"'becket umount {folder}' does both", detaching.Errors, StringComparison.Ordinal);
            await AsNobody(new Command("cmp", image, $"{folder}/disk.img")).SucceedAsync(Token);
        }

        await AsNobody(Becket.Command("umount", folder)).SucceedAsync(Token);

        AssertNothingIsLeft();
    }

    [Fact]
    public async Task What_needs_root_says_so_and_names_what_does_not()
    {
        var (image, folder) = await PrepareAsync();

        var mount = await AsNobody(Becket.Command("mount", Source.File(image), folder)).EndWithAsync(1, Token);
        var attach = await AsNobody(Becket.Command("attach", Source.File(image))).EndWithAsync(1, Token);

        Assert.Contains($"sudo, or 'becket mount --via fuse {image} FOLDER'", mount.Errors, StringComparison.Ordinal);
        Assert.Contains($"'becket mount --via fuse {image} FOLDER'", attach.Errors, StringComparison.Ordinal);
        AssertNothingIsLeft();
    }

    /// <summary>Where the user named no other place, states are in /tmp, where anybody may have made the folder before.</summary>
    [Fact]
    public async Task A_folder_of_states_that_belongs_to_somebody_else_is_not_trusted()
    {
        var (image, folder) = await PrepareAsync();
        await Command.Shell($"mkdir -m 777 '{Folder["tmp"]}' '{Folder["tmp"]}/becket-nobody'").SucceedAsync(Token);
        var mount = Becket.Command("mount", Source.File(image), folder, "--via", "fuse");
        mount = mount with
        {
            Environment = [.. mount.Environment, ("BECKET_RUNTIME_DIR", null), ("XDG_RUNTIME_DIR", null), ("TMPDIR", Folder["tmp"])],
        };

        var outcome = await AsNobody(mount).EndWithAsync(1, Token);

        Assert.Contains("belongs to somebody else", outcome.Errors, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Folder["tmp/becket-nobody"]));
    }

    private static Command AsNobody(Command command) => command with
    {
        Program = "setpriv",
        Arguments = ["--reuid=65534", "--regid=65534", "--clear-groups", command.Program, .. command.Arguments],
    };

    private async Task<(string Image, string Folder)> PrepareAsync()
    {
        RequireMounts();
        Tool.Require("setpriv", "fusermount3");
        var folder = NewMountPoint();
        DiskImage.WriteRandomWithHoles(Folder["disk.img"], 3 << 20, seed: 66);
        await Command.Shell($"chmod 755 '{Folder.Path}'; chmod 644 '{Folder["disk.img"]}'; chown 65534:65534 '{folder}' '{Becket.States}'")
            .SucceedAsync(Token);
        return (Folder["disk.img"], folder);
    }
}
