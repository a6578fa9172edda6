using System.Buffers;
using System.Text;
using Becket.Blocks.Sources;
using Becket.Objects;
using Becket.Sources;
using Becket.Tests.Objects;
using Becket.Volumes;

namespace Becket.Tests.Program;

public sealed class DeviceIdentityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_object_is_the_same_until_it_is_replaced_even_by_one_of_its_size()
    {
        await PutAsync("one");
        var identity = await IdentifyAsync();
        Assert.Equal(identity, await IdentifyAsync());

        await PutAsync("two");

        Assert.NotEqual(identity, await IdentifyAsync());
    }

    [Fact]
    public async Task Of_what_has_no_tag_the_size_is_all_there_is()
    {
        await using var device = new MemoryDevice(4096);
        await using var larger = new MemoryDevice(8192);

        Assert.Equal("4096", DeviceIdentity.Of(device));
        Assert.NotEqual(DeviceIdentity.Of(device), DeviceIdentity.Of(larger));
    }

    private async Task PutAsync(string text) => await new FolderObjectStore(_folder.Path)
        .PutAsync("disk.img", new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(text)), PutCondition.Always, Token);

    private async Task<string> IdentifyAsync()
    {
        await using var device = await ObjectDevice.OpenAsync(new FolderObjectStore(_folder.Path), "disk.img", versionId: null, Token);
        return DeviceIdentity.Of(device);
    }
}
