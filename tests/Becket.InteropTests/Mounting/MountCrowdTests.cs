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
