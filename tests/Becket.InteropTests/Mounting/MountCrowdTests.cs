using System.Net.Sockets;
using System.Text;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Mounting;

/// <summary>Many times, and many at once.</summary>
public sealed class MountCrowdTests(RealStores stores, MountImages images) : MountTest(stores)
{
    private const int Times = 50;
    private const int Crowd = 8;

    [Fact]
    public async Task Fifty_times_in_a_row_leave_nothing_behind_not_even_a_higher_number()
    {
        RequireMounts();
        var image = await images.GetAsync(ImageFormat.Squashfs);
        var folder = NewMountPoint();
        for (var i = 0; i < Times; i++)
        {
            await MountAsync(Source.File(image.Path), folder);
            Assert.Equal([Path.Combine(Becket.States, "1")], Directory.GetFileSystemEntries(Becket.States));
            await new Command("test", "-f", $"{folder}/README").SucceedAsync(Token);
            await UnmountAsync(folder);
            AssertNothingIsLeft();
        }
    }

    [Theory]
    [InlineData(ImageFormat.Xfs)]
    [InlineData(ImageFormat.Ext4)]
    public async Task Eight_mounts_of_one_image_begin_and_end_at_once(ImageFormat format)
    {
        RequireMounts();
        var source = await images.PutAsync(await Stores.GetDevS3Async(), format);

        await MountAllAsync([.. Enumerable.Repeat((source, await images.GetAsync(format)), Crowd)]);
    }

    [Fact]
    public async Task Eight_mounts_of_different_images_begin_and_end_at_once()
    {
        RequireMounts();
        ImageFormat[] formats = [ImageFormat.Ext4, ImageFormat.Squashfs];
        var store = await Stores.GetDevS3Async();
        var sources = new List<(Source Source, MountImage Image)>();
        for (var i = 0; i < Crowd; i++)
            sources.Add((await images.PutAsync(store, formats[i % 2]), await images.GetAsync(formats[i % 2])));

        await MountAllAsync(sources);
    }

    /// <summary>Whoever fails or clears gives a number back, and may not take away what the next one who gets it has built.</summary>
    [Fact]
    public async Task Mounts_that_begin_while_what_is_dead_is_cleared_keep_their_own()
    {
        RequireMounts();
        var source = Source.File((await images.GetAsync(ImageFormat.Squashfs)).Path);
        var (dead, folders) = (NewMountPoint("dead"), Enumerable.Range(0, 3).Select(i => NewMountPoint($"mnt-{i}")).ToList());
        for (var round = 0; round < 10; round++)
        {
            await MountAsync(source, dead);
            var (server, supervisor) = await ProcessesAsync();
            await Attachments.KillAsync(Token, supervisor, server);

            var clearing = Enumerable.Range(0, 4).Select(_ => Becket.Command("umount", dead).RunAsync(Token)).ToList();
            await Task.WhenAll(folders.Select(folder => MountAsync(source, folder)));
            Assert.All(await Task.WhenAll(clearing), outcome =>
            {
                if (outcome.ExitCode != 0)
                    Assert.Contains($"becket has nothing attached that is called {dead}", outcome.Errors, StringComparison.Ordinal);
            });

            var mounted = (await Becket.ListAsync(Token)).Select(static one => one.GetProperty("mountPoint").GetString()!);
            Assert.Equal(folders, mounted.Order(StringComparer.Ordinal));
            await Task.WhenAll(folders.Select(UnmountAsync));
            AssertNothingIsLeft();
        }
    }

    /// <summary>
    /// Each request has the server look whether anybody uses the device, and none is anybody. They are what <c>becket detach</c> sends,
    /// without the time that a process takes to start.
    /// </summary>
    [Fact]
    public async Task Of_many_that_detach_at_once_none_takes_another_for_a_user()
    {
        RequireMounts();
        var source = Source.File((await images.GetAsync(ImageFormat.Squashfs)).Path);
        for (var round = 0; round < 10; round++)
        {
            await AttachAsync(source);
            var answers = await AskAtOnceAsync(Path.Combine(Becket.States, "1", "control"), "{\"verb\":\"Detach\"}\n", 32);
            // Whoever comes late finds that it has ended.
            Assert.All(answers, static answer => Assert.True(answer is "{}\n" or "", answer));
            await Becket.WhenNothingIsLeftAsync(Token);
        }
    }

    private async Task<IReadOnlyList<string>> AskAtOnceAsync(string path, string line, int times)
    {
        List<Socket> sockets =
            [.. Enumerable.Range(0, times).Select(static _ => new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))];
        foreach (var socket in sockets)
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), Token);
        return await Task.WhenAll(sockets.Select(async socket =>
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            try
            {
                await stream.WriteAsync(Encoding.UTF8.GetBytes(line), Token);
                return await new StreamReader(stream).ReadToEndAsync(Token);
            }
            catch (IOException)
            {
                return "";
            }
        }));
    }

    private async Task MountAllAsync(List<(Source Source, MountImage Image)> sources)
    {
        var folders = sources.Select((_, index) => NewMountPoint($"mnt-{index}")).ToList();

        await Task.WhenAll(sources.Zip(folders, (source, folder) => MountAsync(source.Source, folder)));

        var devices = (await Becket.ListAsync(Token)).Select(static one => one.GetProperty("device").GetString());
        Assert.Equal(sources.Count, devices.Distinct().Count());
        foreach (var (source, folder) in sources.Zip(folders))
            await AssertFilesAsync(source.Image, folder);
        await Task.WhenAll(folders.Select(UnmountAsync));
        AssertNothingIsLeft();
    }
}
