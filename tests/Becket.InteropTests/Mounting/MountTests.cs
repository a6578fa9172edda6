using System.Text.RegularExpressions;
using Amazon.S3;
using Amazon.S3.Model;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Mounting;

/// <summary>Where an image to be mounted is.</summary>
public enum Origin
{
    File,
    DevS3,
    RadosGateway,
    WebServer,
}

/// <summary>From an object to files and back to nothing.</summary>
public sealed partial class MountTests(RealStores stores, MountImages images) : MountTest(stores)
{
    public static MatrixTheoryData<ImageFormat, Origin> All => new(Enum.GetValues<ImageFormat>(), Enum.GetValues<Origin>());

    [Theory]
    [MemberData(nameof(All))]
    public async Task Every_file_of_every_file_system_is_the_same_from_everywhere(ImageFormat format, Origin origin)
    {
        RequireMounts();
        var image = await images.GetAsync(format);
        var folder = NewMountPoint();
        await using var web = origin == Origin.WebServer
            ? await HttpImageServer.StartAsync(await File.ReadAllBytesAsync(image.Path, Token), HttpManners.Ordinary, Token)
            : null;
        var source = origin switch
        {
            Origin.File => Source.File(image.Path),
            Origin.DevS3 => await images.PutAsync(await Stores.GetDevS3Async(), format),
            Origin.RadosGateway => await images.PutAsync(await Stores.GetRadosGatewayAsync(), format),
            _ => Source.File(web!.Url.OriginalString),
        };
        int?[] partitions = format == ImageFormat.Partitioned ? [1, 2] : [null];
        foreach (var partition in partitions)
        {
            var words = source.Arguments.ToList();
            if (partition is { } number)
                words[0] += $"#{number}";

            var outcome = await MountAsync(source with { Arguments = words }, folder);

            Assert.Equal("", outcome.Output + outcome.Errors);
            await AssertFilesAsync(image, folder);
            outcome = await UnmountAsync(folder);
            Assert.Equal("", outcome.Output + outcome.Errors);
            AssertNothingIsLeft();
        }
    }

    [Fact]
    public async Task A_disk_is_attached_with_its_partitions_mounted_by_hand_and_detached()
    {
        RequireMounts();
        var image = await images.GetAsync(ImageFormat.Partitioned);
        var source = await images.PutAsync(await Stores.GetDevS3Async(), ImageFormat.Partitioned);
        var folder = NewMountPoint();

        var lines = (await Becket.Command("attach", source, "--via", "fuse").SucceedAsync(Token)).Output.TrimEnd('\n').Split('\n');

        Assert.Equal([lines[0], $"{lines[0]}p1", $"{lines[0]}p2"], lines);
        await AssertSameBytesAsync(image.Path, lines[0]);
        await new Command("mount", "-o", "ro", lines[2], folder).SucceedAsync(Token);
        await AssertFilesAsync(image, folder);
        var refused = await Becket.Command("detach", lines[0]).EndWithAsync(1, Token);
        Assert.Contains($"{lines[2]} is mounted on {folder}", refused.Errors, StringComparison.Ordinal);
        await new Command("umount", folder).SucceedAsync(Token);
        await Becket.Command("detach", lines[0]).SucceedAsync(Token);
        AssertNothingIsLeft();
        Assert.False(File.Exists(lines[1]), $"{lines[1]} is still there");
    }

    [Fact]
    public async Task A_journal_that_was_not_played_is_left_alone_and_said()
    {
        RequireMounts();
        Tool.Require("debugfs");
        var image = await images.GetAsync(ImageFormat.Ext4);
        File.Copy(image.Path, Folder["dirty.img"]);
        await new Command("debugfs", "-w", "-R", "feature needs_recovery", Folder["dirty.img"]).SucceedAsync(Token);
        var folder = NewMountPoint();

        var outcome = await MountAsync(Source.File(Folder["dirty.img"]), folder);

        Assert.Contains("not unmounted cleanly", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains("noload", outcome.Errors, StringComparison.Ordinal);
        await AssertFilesAsync(image, folder);
        await UnmountAsync(folder);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task Secrets_are_neither_saved_nor_logged_nor_in_command_lines()
    {
        RequireMounts();
        var store = await Stores.GetDevS3Async();
        var source = await images.PutAsync(store, ImageFormat.Ext4);
        var bucket = BucketName().Match(source.Arguments[0]).Value;
        using var client = store.Endpoint.CreateClient();
        var url = (await client.GetPreSignedURLAsync(new GetPreSignedUrlRequest
        {
            BucketName = bucket,
            Key = "disk.img",
            Expires = DateTime.UtcNow.AddHours(1),
            Protocol = Protocol.HTTP,
        })).Replace("https://", "http://", StringComparison.Ordinal);
        await MountAsync(Source.File(url), NewMountPoint("url"), "-v");
        await MountAsync(source, NewMountPoint("object"), "-v");

        var seen = new List<string>();
        foreach (var folder in Directory.GetDirectories(Becket.States))
        {
            seen.Add(await File.ReadAllTextAsync(Path.Combine(folder, "state.json"), Token));
            seen.Add(await File.ReadAllTextAsync(Path.Combine(folder, "log"), Token));
        }
        Assert.All(seen, static text => Assert.NotEmpty(text));
        foreach (var attachment in await Becket.ListAsync(Token))
            seen.Add(attachment.GetRawText());
        foreach (var id in Becket.ProcessIds())
            seen.Add(await File.ReadAllTextAsync($"/proc/{id}/cmdline", Token));
        Assert.Equal(2 + 2 + 2 + 4, seen.Count);
        string[] secrets = ["Signature", "X-Amz", store.Endpoint.AccessKey, store.Endpoint.SecretKey];
        Assert.All(seen, text => Assert.DoesNotContain(secrets, secret => text.Contains(secret, StringComparison.OrdinalIgnoreCase)));

        // What is not kept cannot be begun again, which is said.
        var refused = await Becket.Command("restart", Folder["url"]).EndWithAsync(1, Token);
        Assert.Contains("signature", refused.Errors, StringComparison.Ordinal);
        await Becket.Command("umount", Folder["url"], Folder["object"]).SucceedAsync(Token);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task What_a_script_has_open_is_not_kept_open_by_the_processes_in_the_background()
    {
        RequireMounts();
        var mount = Becket.Command(
            "mount", Source.File((await images.GetAsync(ImageFormat.Squashfs)).Path), NewMountPoint(), "--via", "fuse");

        await (Command.Shell($"exec 9>'{Folder["lock"]}'; {mount}") with { Environment = mount.Environment }).SucceedAsync(Token);

        foreach (var id in Becket.ProcessIds())
        {
            var open = Directory.EnumerateFiles($"/proc/{id}/fd").Select(static file => new FileInfo(file).LinkTarget);
            Assert.DoesNotContain(Folder["lock"], open);
        }
        await UnmountAsync(Folder["mnt"]);
        AssertNothingIsLeft();
    }

    [GeneratedRegex("mount-[0-9a-f]+")]
    private static partial Regex BucketName();
}
