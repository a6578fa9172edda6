using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Mounting;

/// <summary>A container's /dev: a few nodes of its own, and no udev that makes more.</summary>
public sealed class ContainerTests(RealStores stores, MountImages images, MountNamespace mountNamespace) : MountTest(stores)
{
    private const string Fuse = "mknod /dev/fuse c 10 229";
    private const string LoopControl = "mknod /dev/loop-control c 10 237";

    [Theory]
    [InlineData("true", "there is no /dev/fuse", "docker run --device /dev/fuse")]
    [InlineData(Fuse, "there is no /dev/loop-control", "docker run --privileged")]
    public async Task A_device_that_the_container_was_not_given_is_named_with_what_gives_it(string nodes, string named, string remedy)
    {
        RequireMounts();
        var image = await images.GetAsync(ImageFormat.Squashfs);

        var outcome = await InContainer(nodes, $"becket mount --via fuse '{image.Path}' '{NewMountPoint()}'").EndWithAsync(1, Token);

        Assert.Contains(named, outcome.Errors, StringComparison.Ordinal);
        Assert.Contains(remedy, outcome.Errors, StringComparison.Ordinal);
        AssertNothingIsLeft();
    }

    [Theory]
    [InlineData(ImageFormat.Squashfs, "", "loop[0-9]*")]
    [InlineData(ImageFormat.Partitioned, "#2", "loop[0-9]*p2")]
    public async Task Nodes_that_nobody_makes_are_made_and_those_of_partitions_go_again(ImageFormat format, string partition, string node)
    {
        RequireMounts();
        var image = await images.GetAsync(format);
        var folder = NewMountPoint();

        var outcome = await InContainer($"{Fuse} && {LoopControl}", $"""
            becket mount --via fuse '{image.Path}{partition}' '{folder}'
            ls /dev/{node} >&2
            ({PrintChecksumsOf(folder)})
            becket umount '{folder}'
            ! ls /dev/loop[0-9]*p[0-9]* 2>/dev/null >&2
            """).SucceedAsync(Token);

        Assert.Equal(image.Checksums, outcome.Output);
        AssertNothingIsLeft();
    }

    /// <summary>A line of shell where /dev holds no more than a container's, and these nodes.</summary>
    private Command InContainer(string nodes, string line) => Becket.Command("list") with
    {
        Program = mountNamespace.Prefix[0],
        Arguments =
        [
            .. mountNamespace.Prefix.Skip(1), "bash", "-ec",
            $"""
            becket() (exec '{Repository.Becket}' "$@")
            mount -t tmpfs none /dev
            mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/zero c 1 5 && mknod -m 666 /dev/urandom c 1 9
            {nodes}
            {line}
            """,
        ],
    };
}
