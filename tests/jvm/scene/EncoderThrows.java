// SPDX-License-Identifier: MIT
package scene;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.MessageToByteEncoder;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/** An encoder has a buffer of its own, and gives up on some values before it releases it. */
public final class EncoderThrows {
    private static final class Encoder extends MessageToByteEncoder<Integer> {
        @Override
        protected void encode(ChannelHandlerContext context, Integer value, ByteBuf out) {
            ByteBuf scratch = context.alloc().directBuffer(64); // MISSING
            scratch.writeInt(value);
            if (value % 4 == 3) {
                throw new IllegalArgumentException("cannot encode " + value);
            }
            out.writeBytes(scratch);
            scratch.release();
        }
    }

    private static final class Listens extends SimpleChannelInboundHandler<ByteBuf> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf message) {
        }
    }

    public static void main(String[] arguments) throws Exception {
        EventLoopGroup group = new NioEventLoopGroup(2);
        Channel server = new ServerBootstrap().group(group).channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new Listens());
                    }
                }).bind(new InetSocketAddress("127.0.0.1", 0)).sync().channel();
        Channel client = new Bootstrap().group(group).channel(NioSocketChannel.class)
                .handler(new Encoder()).connect(server.localAddress()).sync().channel();
        for (int i = 0; i < 40; i++) {
            client.writeAndFlush(i).await();
        }
        client.close().sync();
        server.close().sync();
        group.shutdownGracefully(0, 2, TimeUnit.SECONDS).sync();
        Collecting.giveNettyAChance();
    }
}
